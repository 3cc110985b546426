// The asynchronous client with each of Asio's completion tokens, with a real server.
#include "lockserver/async_rest_client.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/running_server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

using namespace lockserver;
using namespace std::chrono_literals;
using test::running_server;

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// A server, a client of it, and a holder of "held".
struct world {
  running_server server;
  rest_client holder = server->client("holder");
  asio::io_context io;
  async_rest_client client{io, "me", "127.0.0.1", server->port()};

  world() {
    REQUIRE(holder.acquire("held", {.ttl = 60s}));
  }

  // Runs the coroutine to its end.
  template <class F>
  void run(F coroutine) {
    std::exception_ptr failed;
    asio::co_spawn(io, coroutine(), [&](const std::exception_ptr& x) { failed = x; });
    io.run();
    if (failed)
      std::rethrow_exception(failed);
  }
};

client::acquire_options at_once() {
  client::acquire_options result;
  result.wait = 0ms;
  return result;
}

} // namespace

TEST_CASE("a handler is told the error code and the grant", "[net]") {
  world w;
  std::vector<error_code> codes;
  std::uint64_t token = 0;
  w.client.async_acquire("key", at_once(), [&](error_code ec, client::grant got) {
    codes.push_back(ec);
    token = got.token;
  });
  w.client.async_acquire("held", at_once(),
                         [&](error_code ec, const client::grant&) { codes.push_back(ec); });
  w.io.run();
  REQUIRE(codes.size() == 2);
  CHECK(token != 0);
  CHECK((!codes[0] || !codes[1]));
  CHECK((codes[0] == errc::held || codes[1] == errc::held));
}

TEST_CASE("with use_future there is a grant or an exception", "[net]") {
  world w;
  auto got = w.client.async_acquire("key", at_once(), asio::use_future);
  auto refused = w.client.async_acquire("held", at_once(), asio::use_future);
  w.io.run();
  CHECK(got.get().key == "key");
  try {
    refused.get();
    FAIL("it is held");
  } catch (const boost::system::system_error& x) {
    CHECK(x.code() == errc::held);
    CHECK(x.code() == std::errc::device_or_resource_busy);
  }
}

TEST_CASE("with use_awaitable there is a grant or an exception", "[net]") {
  world w;
  w.run([&]() -> asio::awaitable<void> {
    auto options = at_once();
    auto got = co_await w.client.async_acquire("key", options, asio::use_awaitable);
    CHECK(got.key == "key");
    co_await w.client.async_release("key", got.token, asio::use_awaitable);
    error_code ec;
    try {
      co_await w.client.async_acquire("held", options, asio::use_awaitable);
    } catch (const boost::system::system_error& x) {
      ec = x.code();
    }
    CHECK(ec == errc::held);
  });
}

TEST_CASE("with redirect_error the code goes where it is wanted", "[net]") {
  world w;
  w.run([&]() -> asio::awaitable<void> {
    auto options = at_once();
    error_code ec;
    co_await w.client.async_acquire("held", options, asio::redirect_error(asio::use_awaitable, ec));
    CHECK(ec == errc::held);
    co_await w.client.async_release("held", 1, asio::redirect_error(asio::use_awaitable, ec));
    CHECK(ec == errc::not_holder);
  });
}

TEST_CASE("with as_tuple the code comes with the result", "[net]") {
  world w;
  w.run([&]() -> asio::awaitable<void> {
    auto options = at_once();
    auto [ec, got] = co_await w.client.async_acquire("key", options,
                                                     asio::as_tuple(asio::use_awaitable));
    CHECK(!ec);
    CHECK(got.key == "key");
    auto [gone] = co_await w.client.async_release("key", got.token,
                                                  asio::as_tuple(asio::use_awaitable));
    CHECK(!gone);
  });
}

TEST_CASE("with deferred an operation starts when it is called", "[net]") {
  world w;
  auto later = w.client.async_acquire("key", at_once(), asio::deferred);
  w.io.run();
  CHECK(w.holder.inspect("key")->holders.empty());
  std::string key;
  std::move(later)([&](error_code, client::grant got) { key = got.key; });
  w.io.restart();
  w.io.run();
  CHECK(key == "key");
}

TEST_CASE("a client can have a default completion token", "[net]") {
  world w;
  asio::as_tuple_t<asio::use_awaitable_t<>>::as_default_on_t<async_rest_client> client{
    w.io, "me", "127.0.0.1", w.server->port()};
  auto other = asio::use_awaitable_t<>::as_default_on(async_rest_client{w.client});
  w.run([&]() -> asio::awaitable<void> {
    auto options = at_once();
    auto [ec, got] = co_await client.async_acquire("key", options);
    CHECK(!ec);
    auto seen = co_await other.async_inspect("key");
    CHECK(seen.holders.at(0).token == got.token);
    auto info = co_await other.async_server();
    CHECK(info.name == "lockserver-caf");
    co_await other.async_ping();
    co_await other.async_release("key", got.token);
  });
  CHECK(w.holder.inspect("key")->holders.empty());
}

TEST_CASE("each operation has Asio's form", "[net]") {
  world w;
  w.run([&]() -> asio::awaitable<void> {
    using asio::use_awaitable;
    auto options = at_once();
    auto lease = co_await w.client.async_create_lease(60s, use_awaitable);
    options.lease = lease.id;
    auto got = co_await w.client.async_acquire("leased", options, use_awaitable);
    co_await w.client.async_renew_lease(lease.id, use_awaitable);
    client::lease_page first;
    auto info = co_await w.client.async_inspect_lease(lease.id, first, use_awaitable);
    CHECK(info.locks.at(0).token == got.token);
    co_await w.client.async_end_lease(lease.id, use_awaitable);
    client::list_options all;
    auto page = co_await w.client.async_list(all, use_awaitable);
    CHECK(page.locks.at(0).key == "held");
    auto there_was_one = co_await w.client.async_force_release("held", use_awaitable);
    CHECK(there_was_one);
    options.lease.clear();
    got = co_await w.client.async_acquire("held", options, use_awaitable);
    auto renewed = co_await w.client.async_renew("held", got.token, 60s, use_awaitable);
    CHECK(renewed.token == got.token);
  });
}

TEST_CASE("the server's words come through reporting_to", "[net]") {
  world w;
  w.run([&]() -> asio::awaitable<void> {
    auto options = at_once();
    client::problem why;
    auto reporting = w.client.reporting_to(why);
    auto [ec, got] = co_await reporting.async_acquire("held", options,
                                                      asio::as_tuple(asio::use_awaitable));
    CHECK(ec == errc::held);
    CHECK(why == errc::held);
    CHECK(why.holders.at(0).owner == "holder");
    CHECK(!why.detail.empty());
    co_await reporting.async_acquire("key", options, asio::use_awaitable);
    CHECK(!why.code);
    CHECK(why.holders.empty());
  });
}

TEST_CASE("a handler runs on its executor, or on the client's", "[net]") {
  running_server server;
  asio::thread_pool pool{1};
  asio::io_context io;
  async_rest_client client{pool, "me", "127.0.0.1", server->port()};
  static_assert(std::is_same_v<async_rest_client::executor_type, decltype(client.get_executor())>);
  CHECK(client.get_executor() == asio::any_io_executor{pool.get_executor()});
  std::thread::id here;
  std::thread::id there;
  client.async_ping(asio::bind_executor(io, [&](error_code ec) {
    CHECK(!ec);
    here = std::this_thread::get_id();
  }));
  io.run(); // ends with the handler: it is work until then
  client.async_ping([&](error_code) { there = std::this_thread::get_id(); });
  pool.join();
  CHECK(here == std::this_thread::get_id());
  CHECK(there != std::thread::id{});
  CHECK(there != here);
}

TEST_CASE("the first of two operations cancels the other", "[net]") {
  world w;
  w.run([&]() -> asio::awaitable<void> {
    using namespace asio::experimental::awaitable_operators;
    client::acquire_options options;
    options.wait = 60s;
    asio::steady_timer soon{w.io, 20ms};
    auto first = co_await (w.client.async_acquire("held", options, asio::use_awaitable)
                           || soon.async_wait(asio::use_awaitable));
    CHECK(first.index() == 1);
  });
  CHECK(w.server.gets_waiters(0));
}

TEST_CASE("a connection that cannot be made has the code of Asio", "[net]") {
  asio::io_context io;
  client_options once;
  once.reconnect_attempts = 1;
  async_rest_client client{io, "me", "127.0.0.1", 1, once}; // tcpmux, which nobody has
  async_rest_client lost{io, "me", "no-such-host.invalid", 1, once};
  error_code refused;
  client.async_ping([&](error_code ec) { refused = ec; });
  error_code unknown;
  lost.async_ping([&](error_code ec) { unknown = ec; });
  io.run();
  CHECK(refused == asio::error::connection_refused);
  CHECK(refused == std::errc::connection_refused);
  CHECK(
    (unknown == asio::error::host_not_found || unknown == asio::error::host_not_found_try_again));
}
