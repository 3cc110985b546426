// Locks that are bound to the connection by which they were asked for: what becomes of
// both when one of them ends.
#include "lockserver/async_rest_client.hpp"
#include "lockserver/held_lock.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/countdown.hpp"
#include "tests/support/http_script.hpp"
#include "tests/support/running_server.hpp"
#include "tests/support/scripted_client.hpp"
#include "tests/support/tcp_proxy.hpp"

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <utility>

using namespace lockserver;
using namespace std::chrono_literals;

namespace {

using lockserver::test::countdown;
using ::test::eventually;
using ::test::granted;
using ::test::hang_up;
using ::test::json;
using ::test::not_holder;
using ::test::problem;
using ::test::running_server;
using ::test::scripted_peer;
using ::test::tcp_proxy;

using script = scripted_peer::script;

rest_client client_at(std::uint16_t port) {
  return rest_client{"me", "127.0.0.1", port, ::test::one_try()};
}

client::acquire_options bound(std::chrono::milliseconds ttl = 1min) {
  client::acquire_options result;
  result.ttl = ttl;
  result.wait = 0ms;
  result.hold = client::lock_hold::connection;
  return result;
}

// The answer says that the connection ends with it.
::test::step last_grant() {
  auto result = granted(1min);
  result.bytes.insert(result.bytes.find("Content-Type"), "Connection: close\r\n");
  return result;
}

} // namespace

TEST_CASE("a lock that is bound to its connection is lost at once when that ends", "[net]") {
  running_server server;
  tcp_proxy network{server->port()};
  auto client = client_at(network.port());
  countdown lost{1};
  auto held = hold(client, "key", bound(), [&](const client::problem& why) {
    CHECK(why.code == errc::connection_lost);
    lost.hit();
  });
  REQUIRE(held);
  CHECK(held->held());
  SECTION("in order") {
    network.cut();
  }
  SECTION("by a reset") {
    network.reset();
  }
  CHECK(lost.wait());
  CHECK(!held->held());
  CHECK(held->loss().code == errc::connection_lost);
  CHECK(held->loss().detail == "the connection that the lock was bound to has ended");
  CHECK(server.gets_holders(0));
}

TEST_CASE("what is not watched any more is looked at", "[net]") {
  running_server server;
  tcp_proxy network{server->port()};
  std::optional<rest_client> client{client_at(network.port())};
  auto held = hold(*client, "key", bound());
  REQUIRE(held);
  client.reset();
  CHECK(held->held());
  network.cut();
  CHECK(eventually([&] { return !held->held(); }));
}

TEST_CASE("a bound lock that is released is released before its connection ends", "[net]") {
  running_server server;
  auto client = client_at(server->port());
  auto held = hold(client, "key", bound());
  REQUIRE(held);
  CHECK(held->release());
  CHECK(server->count().holders == 0);
  CHECK(server.gets_connections(1)); // that of the release
}

TEST_CASE("a bound lock ends with its grant", "[net]") {
  running_server server;
  auto client = client_at(server->port());
  auto copy = [&]() -> std::optional<client::grant> {
    if (auto obtained = client.acquire("key", bound()))
      return *obtained;
    return std::nullopt;
  }();
  REQUIRE(copy);
  CHECK(client.inspect("key")->holders.size() == 1);
  copy.reset();
  CHECK(server.gets_holders(0));
}

TEST_CASE("an asynchronous client binds locks, too", "[net]") {
  running_server server;
  auto client = client_at(server->port());
  boost::asio::io_context io;
  std::optional<held_lock> held;
  {
    async_rest_client async{io.get_executor(), "me", "127.0.0.1", server->port()};
    async.async_acquire("key", bound(300ms), [&](auto ec, client::grant result) {
      if (!ec)
        held.emplace(client, std::move(result));
    });
    io.run();
  }
  REQUIRE(held);
  // On its own connection, although the client that had made it is gone.
  REQUIRE(eventually([&] {
    auto holders = client.inspect("key")->holders;
    return holders.empty() || holders.front().held > 700ms;
  }));
  CHECK(held->held());
  CHECK(held->release());
}

TEST_CASE("a bound lock is renewed on its connection, which carries nothing else", "[net]") {
  script renewals(1000, granted(300ms, 7));
  scripted_peer peer{{renewals, {not_holder}}};
  auto client = client_at(peer.port());
  auto held = hold(client, "key", bound(300ms));
  REQUIRE(held);
  REQUIRE(eventually([&] { return peer.requests().size() >= 4; }));
  CHECK(peer.connections() == 1);
  (void) client.inspect("key");
  CHECK(peer.connections() == 2);
  CHECK(held->held());
}

TEST_CASE("a renewal that is refused for now is sent again on the connection", "[net]") {
  auto busy = problem("store_failed", "503 Service Unavailable");
  script renewals(1000, granted(600ms, 7));
  renewals[1] = busy;
  scripted_peer peer{{renewals}};
  auto client = client_at(peer.port());
  auto held = hold(client, "key", bound(600ms));
  REQUIRE(held);
  REQUIRE(eventually([&] { return peer.requests().size() >= 4; }));
  CHECK(held->held());
  CHECK(peer.connections() == 1);
}

TEST_CASE("a bound lock is lost with a renewal that ends its connection", "[net]") {
  countdown lost{1};
  auto renewal = GENERATE(as<::test::step>{}, hang_up, last_grant(), json("[]"), not_holder);
  scripted_peer peer{{{granted(300ms), renewal}}};
  auto client = client_at(peer.port());
  auto held = hold(client, "key", bound(300ms), [&](const client::problem&) { lost.hit(); });
  REQUIRE(held);
  CHECK(lost.wait());
  CHECK(!held->held());
  CHECK(peer.requests().size() == 2);
  CHECK(peer.connections() == 1);
}

TEST_CASE("who closes the connection with the answer binds no lock to it", "[net]") {
  scripted_peer peer{{{last_grant()}}};
  auto held = hold(client_at(peer.port()), "key", bound());
  REQUIRE(!held);
  CHECK(held.error() == errc::bad_answer);
  CHECK(held.error().detail.find("closes the connection") != std::string::npos);
}

TEST_CASE("a bound lock cannot be left to end by itself", "[net]") {
  running_server server;
  auto client = client_at(server->port());
  auto held = hold(client, "key", bound());
  REQUIRE(held);
  CHECK(held->leave(1min).error() == std::errc::invalid_argument);
  CHECK(held->held());
}
