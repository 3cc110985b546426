#include "net/client/async_core.hpp"

#include "lockserver/client_error.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace lockserver {

namespace asio = boost::asio;
using boost::system::error_code;
using clock = effort::clock;

namespace {

// More requests may run at a time, but their connections are not kept.
constexpr std::size_t most_idle = 8;

} // namespace

async_core::async_core(const asio::any_io_executor& x, client_target server_and_options)
  : executor(x), target(std::move(server_and_options)) {
}

async_core::connection_ptr async_core::take_idle() {
  while (!idle_.empty()) {
    auto result = std::move(idle_.back());
    idle_.pop_back();
    if (result->usable())
      return result;
  }
  return nullptr;
}

void async_core::keep(exchange_result& result, const http_call& call, const answer_check& check,
                      connection_ptr connection) {
  if (call.binds && result.keep_alive)
    result.connection = connection->let_go();
  auto sensible = !result.error && (!check || check(result));
  if (sensible && !call.binds && result.keep_alive && idle_.size() < most_idle)
    idle_.push_back(std::move(connection));
}

asio::awaitable<async_core::connection_ptr> async_core::connect(const effort& limits,
                                                                exchange_result& failed) {
  asio::steady_timer timer{executor};
  auto& ec = failed.error;
  for (unsigned attempt = 1;; ++attempt) {
    auto result = co_await async_connection::open(executor, target, limits.until(limits.connect),
                                                  failed);
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
      ec = errc::cancelled;
    // Who is not trusted now will not be in a moment, nor will a token be safe without TLS.
    if (result || attempt == limits.attempts || ec == errc::cancelled || ec == errc::unreachable
        || ec == errc::tls_required)
      co_return result;
    error_code error;
    timer.expires_at(limits.until(limits.pause * attempt));
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (error || clock::now() >= limits.give_up)
      co_return nullptr;
  }
}

asio::awaitable<exchange_result> async_core::ask(http_call call, repeat again, effort limits,
                                                 answer_check check) {
  co_await asio::this_coro::throw_if_cancelled(false);
  auto self = shared_from_this();
  exchange_result result;
  auto repeats = again == repeat::once ? 1 : 0;
  auto sent = false;
  if (auto connection = take_idle()) {
    result = co_await connection->exchange(call, limits.until(limits.answer));
    auto lost = result.error == errc::connection_lost;
    auto unseen = lost && !result.answered; // the server may have closed it long ago
    auto goes_on = (unseen && (!result.sent || again != repeat::never))
                   || (lost && again == repeat::once);
    if (!goes_on) {
      keep(result, call, check, std::move(connection));
      co_return result;
    }
    sent = result.sent;
    if (sent)
      repeats = 0;
  }
  for (;; --repeats) {
    exchange_result failed;
    auto connection = co_await connect(limits, failed);
    if (!connection) {
      failed.repeated = sent;
      co_return failed;
    }
    result = co_await connection->exchange(call, limits.until(limits.answer));
    result.repeated = std::exchange(sent, sent || result.sent);
    if (result.error != errc::connection_lost || repeats == 0) {
      keep(result, call, check, std::move(connection));
      co_return result;
    }
  }
}

} // namespace lockserver
