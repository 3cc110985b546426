// The JSON dialect of the client with peers that break off: what is repeated
// and what is not. Needs no lock server.
#include "lockserver/async_rest_client.hpp"
#include "lockserver/rest_client.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/child_of_test.hpp"
#include "tests/support/http_script.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/scripted_client.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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
using test::status;
using test::step;

template <class T>
boost::system::error_code code_of(std::future<T> x) {
  try {
    x.get();
    return {};
  } catch (const boost::system::system_error& e) {
    return e.code();
  }
}

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

client::acquire_options waiting(std::chrono::milliseconds wait) {
  client::acquire_options result;
  result.wait = wait;
  return result;
}

// What a client meets while its server is restarted behind a proxy.
std::vector<scripted_peer::script> restart() {
  return {{::test::problem("stopping", "503 Service Unavailable")},
          {hang_up},
          {status("502 Bad Gateway")},
          {status("504 Gateway Timeout")},
          {::test::problem("recovering", "503 Service Unavailable")},
          {granted(30s)}};
}

void check_persistent_acquire(const scripted_peer& peer) {
  REQUIRE(peer.requests() == std::vector<std::string>(6, "POST /v1/locks/key"));
  std::int64_t last = 30'000;
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(member(peer, i, "request_id") == member(peer, 0, "request_id"));
    auto wait = member(peer, i, "wait_ms").as_int64();
    CHECK(wait <= last);
    CHECK(wait > 0);
    last = wait;
  }
  CHECK(last < 30'000); // what is left of it
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
  CHECK(!code_of(user.client.async_acquire("key", options, asio::use_future)));
  check_repeated_acquire(peer);
}

TEST_CASE("an acquire that does not wait is not sent a third time", "[net]") {
  scripted_peer peer{{{hang_up}, {hang_up}, {granted(30s)}}};
  client::acquire_options options;
  options.wait = 0ms;
  auto result = client_of(peer).acquire("key", options);
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

TEST_CASE("a waiting acquire goes on when its server is restarted or a proxy gives up", "[net]") {
  scripted_peer peer{restart()};
  auto result = client_of(peer).acquire("key", waiting(30s));
  REQUIRE(result);
  check_persistent_acquire(peer);
}

TEST_CASE("an asynchronous acquire goes on just so", "[net]") {
  scripted_peer peer{restart()};
  async_user user{peer};
  REQUIRE(!code_of(user.client.async_acquire("key", waiting(30s), asio::use_future)));
  check_persistent_acquire(peer);
}

TEST_CASE("an acquire that waits as long as the server lets it goes on, too", "[net]") {
  scripted_peer peer{restart()};
  REQUIRE(client_of(peer).acquire("key"));
  CHECK(peer.requests().size() == 6);
}

TEST_CASE("an acquire ends with its time, and says what was the matter then", "[net]") {
  auto stops = ::test::problem("stopping", "503 Service Unavailable");
  scripted_peer peer{{scripted_peer::script(1000, stops)}};
  auto result = client_of(peer).acquire("key", waiting(300ms));
  CHECK(result.error() == errc::stopping);
  CHECK(result.error().detail == "the detail");
  CHECK(peer.requests().size() >= 2);
}

TEST_CASE("an acquire comes again when the server says, not before", "[net]") {
  auto soon = ::test::problem("restart_grace", "503 Service Unavailable");
  soon.bytes.insert(soon.bytes.find("Content-Length"), "Retry-After: 1\r\n");
  scripted_peer peer{{{soon, granted(30s)}}};
  auto began = std::chrono::steady_clock::now();
  REQUIRE(client_of(peer).acquire("key", waiting(30s)));
  CHECK(std::chrono::steady_clock::now() - began >= 1s);
}

TEST_CASE("an acquire is safe from the request that was answered on", "[net]") {
  auto soon = ::test::problem("recovering", "503 Service Unavailable");
  soon.bytes.insert(soon.bytes.find("Content-Length"), "Retry-After: 1\r\n");
  scripted_peer peer{{{soon, granted(1s)}}};
  auto began = boot_clock::now();
  auto result = client_of(peer).acquire("key", waiting(30s));
  REQUIRE(result);
  // From the first request on it would be over by now.
  CHECK(result->safe_until > began + 1s + 980ms);
}

TEST_CASE("an asynchronous acquire is called off between two tries", "[net]") {
  auto later = ::test::problem("recovering", "503 Service Unavailable");
  later.bytes.insert(later.bytes.find("Content-Length"), "Retry-After: 3600\r\n");
  scripted_peer peer{{{later, say_nothing}}};
  async_user user{peer};
  asio::cancellation_signal signal;
  std::promise<boost::system::error_code> result;
  user.client.async_acquire("key", waiting(10h),
                            asio::bind_cancellation_slot(signal.slot(), [&](auto ec, auto) {
                              result.set_value(ec);
                            }));
  REQUIRE(eventually([&] { return peer.requests().size() == 1; }));
  auto future = result.get_future();
  CHECK(eventually([&] { // it may not have read the answer yet
    asio::post(user.context, [&] { signal.emit(asio::cancellation_type::terminal); });
    return future.wait_for(0s) == std::future_status::ready;
  }));
  CHECK(future.get() == errc::cancelled);
}

TEST_CASE("a renewal is sent again once, a new lease is not", "[net]") {
  scripted_peer peer{{{hang_up}, {granted(1s), hang_up}, {granted(1s)}}};
  auto client = client_of(peer);
  CHECK(client.renew("key", 1, 1s));
  CHECK(client.create_lease(1s).error() == errc::connection_lost);
  CHECK(peer.requests()
        == std::vector<std::string>{"PUT /v1/locks/key", "PUT /v1/locks/key", "POST /v1/leases"});
}

TEST_CASE("a release by token is sent again, and has worked when there is nothing left", "[net]") {
  auto stops = ::test::problem("stopping", "503 Service Unavailable");
  scripted_peer peer{{{hang_up}, {stops}, {::test::not_holder}}};
  CHECK(client_of(peer).release("key", 7));
  CHECK(peer.requests() == std::vector<std::string>(3, "DELETE /v1/locks/key?owner=me&token=7"));
}

TEST_CASE("an asynchronous release by token is sent again, too", "[net]") {
  scripted_peer peer{{{hang_up}, {::test::not_holder}}};
  async_user user{peer};
  CHECK(!code_of(user.client.async_release("key", 7, asio::use_future)));
  CHECK(peer.requests().size() == 2);
}

TEST_CASE("a release of what was not ours is told so", "[net]") {
  scripted_peer peer{{{::test::not_holder}}};
  CHECK(client_of(peer).release("key", 7).error() == errc::not_holder);
}

TEST_CASE("a release of whatever is held is not sent again: it may be another by then", "[net]") {
  scripted_peer peer{{{hang_up}, {hang_up}, {released}}};
  CHECK(client_of(peer).release("key").error() == errc::connection_lost);
  async_user user{peer};
  CHECK(code_of(user.client.async_release("key", 0, asio::use_future)) == errc::connection_lost);
  CHECK(peer.requests().size() == 2);
}

TEST_CASE("the end of a lease is sent again: no other has its id", "[net]") {
  scripted_peer peer{{{hang_up}, {::test::problem("lease_expired", "410 Gone")}}};
  CHECK(client_of(peer).end_lease("abc"));
  CHECK(peer.requests().size() == 2);
}

// -- odd answers -------------------------------------------------------------------

TEST_CASE("the answer to another request is none, and ends the connection", "[net]") {
  auto yours = granted(30s);
  yours.bytes.replace(yours.bytes.find("\"me\""), 4, "\"no\"");
  scripted_peer peer{{{granted(30s), say_nothing}, {yours, say_nothing}, {granted(30s)}}};
  auto client = client_of(peer);
  CHECK(client.acquire("other").error() == errc::bad_answer);
  CHECK(client.acquire("key").error() == errc::bad_answer);
  CHECK(client.acquire("key"));
  CHECK(peer.connections() == 3);
}

TEST_CASE("the answer to another request ends an asynchronous connection", "[net]") {
  scripted_peer peer{{{granted(30s), say_nothing}, {granted(30s)}}};
  async_user user{peer};
  client::acquire_options options;
  CHECK(code_of(user.client.async_acquire("other", options, asio::use_future)) == errc::bad_answer);
  CHECK(!code_of(user.client.async_acquire("key", options, asio::use_future)));
  CHECK(peer.connections() == 2);
}

TEST_CASE("interim answers are no answers", "[net]") {
  auto late = granted(30s);
  late.bytes = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
               "HTTP/1.1 100 Continue\r\n\r\n"
               + late.bytes;
  scripted_peer peer{{{late, late, late}}};
  auto client = client_of(peer);
  CHECK(client.acquire("key"));
  CHECK(client.acquire("key"));
  CHECK(peer.connections() == 1);
  scripted_peer other{{{late}}};
  async_user user{other};
  CHECK(!code_of(user.client.async_renew("key", 1, 1s, asio::use_future)));
}

TEST_CASE("an answer that breaks every limit is a bad one, and throws nothing", "[net]") {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ";
  for (auto size : {65'530u, 65'534u, 70'000u, 1'000'000u}) {
    INFO(size);
    step bomb{step::answer, head + std::string(size, 'a') + "\r\n\r\n"};
    scripted_peer peer{{{bomb}, {bomb}}};
    CHECK(client_of(peer).acquire("key").error() == errc::bad_answer);
    async_user user{peer};
    client::acquire_options options;
    CHECK(code_of(user.client.async_acquire("key", options, asio::use_future)) == errc::bad_answer);
  }
}

// -- processes -----------------------------------------------------------------------

TEST_CASE("no socket of a client is inherited by programs that it starts", "[net]") {
  scripted_peer peer{{{granted(30s)}, {granted(30s)}}};
  auto client = client_of(peer);
  REQUIRE(client.acquire("key"));
  async_user user{peer};
  REQUIRE(!code_of(user.client.async_renew("key", 1, 1s, asio::use_future)));
  CHECK(::test::inheritable_sockets_to(peer.port()) == 0);
}

TEST_CASE("a client that was used has a connection of its own after a fork", "[net]") {
  scripted_peer peer{{{granted(30s, 1), granted(30s, 3)}, {granted(30s, 2)}}};
  auto client = client_of(peer);
  REQUIRE(client.acquire("key"));
  CHECK(::test::in_child([&] {
    auto mine = client.acquire("key");
    return mine && mine->token == 2;
  }));
  CHECK(client.acquire("key")->token == 3);
  CHECK(peer.connections() == 2);
}

TEST_CASE("a child that does nothing with a client leaves its connection alone", "[net]") {
  scripted_peer peer{{{granted(30s, 1), granted(30s, 2)}}};
  std::optional<rest_client> client{client_of(peer)};
  REQUIRE(client->acquire("key"));
  CHECK(::test::in_child([&] {
    client.reset();
    return true;
  }));
  CHECK(client->acquire("key")->token == 2);
  CHECK(peer.connections() == 1);
}

TEST_CASE("wrong input is refused and not sent", "[net]") {
  scripted_peer peer{{}};
  auto client = client_of(peer);
  CHECK(client.acquire("").error() == std::errc::invalid_argument);
  CHECK(client.inspect("a\nb").error() == std::errc::invalid_argument);
  async_user user{peer};
  CHECK(code_of(user.client.async_acquire("", {}, asio::use_future))
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
  std::promise<boost::system::error_code> result;
  user.client.async_acquire("key", {},
                            asio::bind_cancellation_slot(signal.slot(), [&](auto ec, auto) {
                              result.set_value(ec);
                            }));
  REQUIRE(eventually([&] { return peer.requests().size() == 1; }));
  asio::post(user.context, [&] { signal.emit(asio::cancellation_type::terminal); });
  auto future = result.get_future();
  REQUIRE(future.wait_for(test::patience) == std::future_status::ready);
  CHECK(future.get() == errc::cancelled);
  CHECK(eventually([&] { return peer.closed() == 1; }));
  CHECK(peer.requests().size() == 1); // and it was not repeated
}

TEST_CASE("operations go on when their client is gone", "[net]") {
  scripted_peer peer{{{released}}};
  asio::io_context context;
  auto called = false;
  {
    async_rest_client client{context.get_executor(), "me", "127.0.0.1", peer.port(), one_try()};
    client.async_release("key", 1, [&](boost::system::error_code ec) {
      called = true;
      CHECK(!ec);
    });
  }
  context.run();
  CHECK(called);
}

TEST_CASE("an operation that is given up with its context is cleaned up", "[net]") {
  scripted_peer peer{{{say_nothing}}};
  asio::io_context context;
  async_rest_client client{context.get_executor(), "me", "127.0.0.1", peer.port(), one_try()};
  client.async_acquire("key", {}, [](auto, auto) { FAIL("it has not ended"); });
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
  boost::system::error_code error;
  client.async_inspect("key", [&](auto ec, auto) { error = ec; });
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
    auto token = obtained.token;
    auto renewed = co_await client.async_renew("key", token, 30s, asio::use_awaitable);
    co_await client.async_release("key", token, asio::use_awaitable);
    co_return renewed.token;
  };
  auto result = asio::co_spawn(context, work(), asio::use_future);
  context.run();
  CHECK(result.get() == 7);
  CHECK(peer.connections() == 1);
}
