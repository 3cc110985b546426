// The JSON dialect of the client with peers that break off: what is repeated
// and what is not. Needs no lock server.
#include "lockserver/async_rest_client.hpp"
#include "lockserver/rest_client.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/http_script.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/scripted_client.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <future>
#include <string>

using namespace lockserver;
using namespace std::chrono_literals;

namespace {

namespace asio = boost::asio;
using test::client_of;
using test::eventually;
using test::granted;
using test::hang_up;
using test::one_try;
using test::released;
using test::say_nothing;
using test::scripted_peer;

// An asynchronous client with a thread to run it.
struct async_user {
  explicit async_user(const scripted_peer& peer)
    : client(context.get_executor(), "me", "127.0.0.1", peer.port(), one_try()) {
  }
  async_user(const async_user&) = delete;
  async_user& operator=(const async_user&) = delete;
  ~async_user() {
    context.stop();
    thread.join();
  }

  asio::io_context context;
  async_rest_client client;
  asio::executor_work_guard<asio::io_context::executor_type> work = make_work_guard(context);
  std::thread thread{[this] { context.run(); }};
};

boost::json::value member(const scripted_peer& peer, std::size_t request, const char* name) {
  return boost::json::parse(peer.bodies().at(request)).at(name);
}

void check_repeated_acquire(const scripted_peer& peer) {
  REQUIRE(peer.requests() == std::vector<std::string>{"POST /v1/locks/key", "POST /v1/locks/key"});
  CHECK(member(peer, 0, "request_id") == member(peer, 1, "request_id"));
  CHECK(member(peer, 0, "request_id").as_string().size() == 32);
  CHECK(member(peer, 0, "wait_ms") == 5000);
  CHECK(member(peer, 1, "wait_ms").as_int64() <= 5000);
  CHECK(member(peer, 1, "wait_ms").as_int64() > 0);
}

} // namespace

TEST_CASE("an acquire is sent again once when the connection breaks", "[net]") {
  scripted_peer peer{{{hang_up}, {granted(30s)}}};
  client::acquire_options options;
  options.wait = 5s;
  CHECK(client_of(peer).acquire("key", options));
  check_repeated_acquire(peer);
}

TEST_CASE("an asynchronous acquire is sent again once when the connection breaks", "[net]") {
  scripted_peer peer{{{hang_up}, {granted(30s)}}};
  client::acquire_options options;
  options.wait = 5s;
  async_user user{peer};
  CHECK(user.client.async_acquire("key", options, asio::use_future).get());
  check_repeated_acquire(peer);
}

TEST_CASE("an acquire is not sent a third time", "[net]") {
  scripted_peer peer{{{hang_up}, {hang_up}, {granted(30s)}}};
  auto result = client_of(peer).acquire("key");
  CHECK(result.error() == errc::connection_lost);
  CHECK(peer.requests().size() == 2);
}

TEST_CASE("two acquires have different request ids, and the user's own is kept", "[net]") {
  scripted_peer peer{{{granted(30s), granted(30s), granted(30s)}}};
  auto client = client_of(peer);
  client::acquire_options options;
  CHECK(client.acquire("key", options));
  CHECK(client.acquire("key", options));
  options.request_id = "mine";
  CHECK(client.acquire("key", options));
  CHECK(member(peer, 0, "request_id") != member(peer, 1, "request_id"));
  CHECK(member(peer, 2, "request_id") == "mine");
}

TEST_CASE("a renewal is sent again once, a release and a new lease are not", "[net]") {
  scripted_peer peer{{{hang_up}, {granted(1s), hang_up}, {hang_up}, {granted(1s)}}};
  auto client = client_of(peer);
  CHECK(client.renew("key", 1, 1s));
  CHECK(client.release("key", 1).error() == errc::connection_lost);
  CHECK(client.create_lease(1s).error() == errc::connection_lost);
  CHECK(peer.requests()
        == std::vector<std::string>{"PUT /v1/locks/key", "PUT /v1/locks/key",
                                    "DELETE /v1/locks/key?owner=me&token=1", "POST /v1/leases"});
}

TEST_CASE("wrong input is refused and not sent", "[net]") {
  scripted_peer peer{{}};
  auto client = client_of(peer);
  CHECK(client.acquire("").error() == std::errc::invalid_argument);
  CHECK(client.inspect("a\nb").error() == std::errc::invalid_argument);
  async_user user{peer};
  CHECK(user.client.async_acquire("", {}, asio::use_future).get().error()
        == std::errc::invalid_argument);
  CHECK(peer.connections() == 0);
}

TEST_CASE("a list goes from page to page", "[net]") {
  auto page = [](const std::string& key, const std::string& next) {
    return test::json("{\"locks\":[{\"key\":\"" + key
                      + "\",\"holders\":[],\"queue_length\":0}],\"next\":" + next + "}");
  };
  scripted_peer peer{{{page("a", "\"a\""), page("b", "null"), page("a", "\"a\"")}}};
  auto client = client_of(peer);
  std::string seen;
  auto all = [&](const client::lock_info& x) {
    seen += x.key;
    return true;
  };
  CHECK(*client.for_each_lock("", all) == 2);
  CHECK(seen == "ab");
  CHECK(*client.for_each_lock("p", [](auto&) { return false; }) == 1);
  CHECK(peer.requests()
        == std::vector<std::string>{"GET /v1/locks?limit=1000", "GET /v1/locks?limit=1000&after=a",
                                    "GET /v1/locks?prefix=p&limit=1000"});
}

// -- asynchronous operations ---------------------------------------------------------

TEST_CASE("an operation that is cancelled ends at once and closes its connection", "[net]") {
  scripted_peer peer{{{say_nothing}}};
  async_user user{peer};
  asio::cancellation_signal signal;
  std::promise<client::answer<client::grant>> result;
  user.client.async_acquire(
    "key", {}, asio::bind_cancellation_slot(signal.slot(), [&](client::answer<client::grant> x) {
      result.set_value(std::move(x));
    }));
  REQUIRE(eventually([&] { return peer.requests().size() == 1; }));
  asio::post(user.context, [&] { signal.emit(asio::cancellation_type::terminal); });
  auto future = result.get_future();
  REQUIRE(future.wait_for(test::patience) == std::future_status::ready);
  CHECK(future.get().error() == errc::cancelled);
  CHECK(eventually([&] { return peer.closed() == 1; }));
  CHECK(peer.requests().size() == 1); // and it was not repeated
}

TEST_CASE("operations go on when their client is gone", "[net]") {
  scripted_peer peer{{{released}}};
  asio::io_context context;
  auto called = false;
  {
    async_rest_client client{context.get_executor(), "me", "127.0.0.1", peer.port(), one_try()};
    client.async_release("key", 1, [&](const client::answer<client::done>& x) {
      called = true;
      CHECK(x);
    });
  }
  context.run();
  CHECK(called);
}

TEST_CASE("an operation that is given up with its context is cleaned up", "[net]") {
  scripted_peer peer{{{say_nothing}}};
  asio::io_context context;
  async_rest_client client{context.get_executor(), "me", "127.0.0.1", peer.port(), one_try()};
  client.async_acquire("key", {}, [](auto&&) { FAIL("it has not ended"); });
  REQUIRE(eventually([&] {
    context.poll();
    return peer.requests().size() == 1;
  }));
}

TEST_CASE("an operation without an answer ends in a timeout", "[net]") {
  scripted_peer peer{{{say_nothing}}};
  asio::io_context context;
  auto options = one_try();
  options.answer_timeout = 50ms;
  async_rest_client client{context.get_executor(), "me", "127.0.0.1", peer.port(), options};
  std::error_code error;
  client.async_inspect("key", [&](auto&& x) { error = x.error(); });
  context.run();
  CHECK(error == errc::timeout);
}

TEST_CASE("a coroutine asks for a lock, and keeps its connection", "[net]") {
  scripted_peer peer{{{granted(30s, 7), granted(30s, 7), released}}};
  asio::io_context context;
  async_rest_client client{context.get_executor(), "me", "127.0.0.1", peer.port(), one_try()};
  auto work = [&]() -> asio::awaitable<std::uint64_t> {
    client::acquire_options options; // see the header
    auto obtained = co_await client.async_acquire("key", options, asio::use_awaitable);
    auto token = obtained.value().token;
    auto renewed = co_await client.async_renew("key", token, 30s, asio::use_awaitable);
    auto gone = co_await client.async_release("key", token, asio::use_awaitable);
    co_return renewed&& gone ? token : 0;
  };
  auto result = asio::co_spawn(context, work(), asio::use_future);
  context.run();
  CHECK(result.get() == 7);
  CHECK(peer.connections() == 1);
}
