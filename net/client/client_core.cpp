#include "net/client/client_core.hpp"

#include "lockserver/client_error.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <thread>
#include <utility>

namespace lockserver {

client_options::duration bounded(client_options::duration x) {
  using duration = client_options::duration;
  return std::clamp(x, duration{0}, duration{std::chrono::years{1}});
}

effort usual_effort(const client_options& options, client_options::duration wait) {
  return {std::max(options.reconnect_attempts, 1u), bounded(options.time_between_attempts),
          options.connect_timeout, bounded(wait) + bounded(options.answer_timeout)};
}

client_core::client_core(std::string host_name, std::uint16_t port_number, const client_options& x)
  : host(std::move(host_name)), port(port_number), options(x) {
}

client_core::~client_core() {
  delete idle_.load();
}

std::unique_ptr<client_connection> client_core::take_idle() {
  std::unique_ptr<client_connection> result{idle_.exchange(nullptr)};
  if (result && !result->usable())
    result.reset();
  return result;
}

// Closes it when another thread was quicker.
void client_core::put_back(std::unique_ptr<client_connection> connection) {
  client_connection* none = nullptr;
  if (idle_.compare_exchange_strong(none, connection.get()))
    (void) connection.release();
}

void client_core::leave_to_parent() {
  if (std::unique_ptr<client_connection> mine{idle_.exchange(nullptr)})
    mine->leave_to_parent();
}

std::unique_ptr<client_connection> client_core::connect(const effort& limits,
                                                        std::error_code& ec) const {
  for (unsigned attempt = 1;; ++attempt) {
    auto result = client_connection::open(host, port, limits.until(limits.connect), ec);
    if (result || attempt == limits.attempts)
      return result;
    std::this_thread::sleep_for(bounded(limits.pause * attempt));
  }
}

exchange_result client_core::ask(const http_call& call, repeat again, const effort& limits,
                                 const answer_check& check) {
  exchange_result result;
  try {
    auto keep = [&](std::unique_ptr<client_connection> connection) {
      if (call.binds && result.keep_alive)
        result.connection = connection->let_go();
      auto sensible = !result.error && (!check || check(result));
      if (sensible && !call.binds && result.keep_alive)
        put_back(std::move(connection));
    };
    auto repeats = again == repeat::once ? 1 : 0;
    auto sent = false;
    if (auto connection = take_idle()) {
      result = connection->exchange(call, limits.until(limits.answer));
      auto lost = result.error == errc::connection_lost;
      auto unseen = lost && !result.answered; // the server may have closed it long ago
      auto goes_on = (unseen && (!result.sent || again != repeat::never))
                     || (lost && again == repeat::once);
      if (!goes_on) {
        keep(std::move(connection));
        return result;
      }
      sent = result.sent;
      if (sent)
        repeats = 0;
    }
    for (;; --repeats) {
      std::error_code ec;
      auto connection = connect(limits, ec);
      if (!connection) {
        result = {};
        result.error = ec;
        result.repeated = sent;
        return result;
      }
      result = connection->exchange(call, limits.until(limits.answer));
      result.repeated = std::exchange(sent, sent || result.sent);
      if (result.error != errc::connection_lost || repeats == 0) {
        keep(std::move(connection));
        return result;
      }
    }
  } catch (const boost::system::system_error& x) { // no file descriptors left
    result.error = x.code();
  } catch (const std::system_error& x) { // no threads left
    result.error = x.code();
  }
  return result;
}

} // namespace lockserver
