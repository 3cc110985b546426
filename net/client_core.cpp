#include "net/client_core.hpp"

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

std::unique_ptr<client_connection> client_core::take_idle() {
  std::unique_ptr<client_connection> result;
  {
    std::lock_guard guard{mutex_};
    result = std::move(idle_);
  }
  if (result && !result->usable())
    result.reset();
  return result;
}

// Closes it when another thread was quicker.
void client_core::put_back(std::unique_ptr<client_connection> connection) {
  std::lock_guard guard{mutex_};
  if (!idle_)
    idle_.swap(connection);
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

exchange_result client_core::ask(const http_call& call, repeat again, const effort& limits) {
  exchange_result result;
  try {
    auto keep = [&](std::unique_ptr<client_connection> connection) {
      if (!result.error && result.keep_alive)
        put_back(std::move(connection));
    };
    auto repeats = again == repeat::once ? 1 : 0;
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
      if (result.sent)
        repeats = 0;
    }
    for (;; --repeats) {
      std::error_code ec;
      auto connection = connect(limits, ec);
      if (!connection) {
        result = {};
        result.error = ec;
        return result;
      }
      result = connection->exchange(call, limits.until(limits.answer));
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
