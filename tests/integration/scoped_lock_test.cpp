#include "lockserver/rest_client.hpp"
#include "lockserver/scoped_lock.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/running_server.hpp"

#include <atomic>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

using namespace lockserver;
using namespace std::chrono_literals;
using test::eventually;
using test::running_server;

namespace {

bool is_locked(const rest_client& x, const char* key) {
  return !x.inspect(key).value().holders.empty();
}

} // namespace

TEST_CASE("a scoped_lock gives its lock back at the end of the scope", "[net]") {
  running_server server;
  auto client = server->client("me");
  {
    scoped_lock guard{client, "key"};
    REQUIRE(guard);
    CHECK(guard.held());
    CHECK(!guard.error().code);
    CHECK(guard.key() == "key");
    CHECK(client.inspect("key")->holders.at(0).token == guard.token());
  }
  CHECK(!is_locked(client, "key"));
}

TEST_CASE("a scoped_lock lasts as long as its scope", "[net]") {
  running_server server;
  auto client = server->client("me");
  scoped_lock guard{client, "key", {.ttl = 300ms}};
  REQUIRE(guard);
  // Four times its ttl, by the server's own clock.
  REQUIRE(eventually([&] { return client.inspect("key")->holders.at(0).held >= 1200ms; }));
  CHECK(guard.held());
  CHECK(guard.unlock());
}

TEST_CASE("a scoped_lock that did not get the lock leaves it to its holder", "[net]") {
  running_server server;
  auto client = server->client("me");
  REQUIRE(client.acquire("key", {.ttl = 60s}));
  {
    // The same name on purpose: a release by it would succeed.
    scoped_lock guard{client, "key", {.wait = 0ms}};
    CHECK(!guard);
    CHECK(guard.error() == errc::already_held);
    CHECK(guard.token() == 0);
    CHECK(guard.unlock().error() == errc::not_holder);
  }
  CHECK(is_locked(client, "key"));
}

TEST_CASE("a scoped_lock that is lost says why", "[net]") {
  running_server server;
  auto client = server->client("me");
  scoped_lock guard{client, "key", {.ttl = 300ms}};
  REQUIRE(guard);
  REQUIRE(client.force_release("key").value());
  REQUIRE(eventually([&] { return !guard.held(); }));
  CHECK(guard.error() == errc::not_holder);
  CHECK(guard.unlock().error() == errc::not_holder);
}

TEST_CASE("a scoped_lock gives back once, early or when replaced", "[net]") {
  running_server server;
  auto client = server->client("me");
  scoped_lock first{client, "first"};
  REQUIRE(first);
  CHECK(first.unlock());
  CHECK(!first);
  CHECK(!first.unlock());
  CHECK(!is_locked(client, "first"));

  scoped_lock second{client, "second"};
  first = std::move(second);
  CHECK(first);
  CHECK(first.key() == "second");
  first = scoped_lock{client, "third"};
  CHECK(!is_locked(client, "second"));
  CHECK(is_locked(client, "third"));
  scoped_lock moved{std::move(first)};
  CHECK(moved);
  CHECK(is_locked(client, "third"));
}

TEST_CASE("a scoped_lock survives the end of its server", "[net]") {
  running_server server;
  client_options once;
  once.reconnect_attempts = 1;
  auto client = server->client("me", once);
  scoped_lock guard{client, "key", {.ttl = 300ms}};
  REQUIRE(guard);
  server->stop();
  CHECK(!guard.unlock());
}

TEST_CASE("only one of many clients is in the guarded part at a time", "[net]") {
  running_server server;
  std::atomic<int> inside = 0;
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, client = server->client("client" + std::to_string(i))] {
      for (int round = 0; round < 25; ++round) {
        scoped_lock guard{client, "key", {.ttl = 60s, .wait = 60s}};
        failures += !guard || ++inside != 1;
        --inside;
      }
    });
  for (auto& thread : threads)
    thread.join();
  CHECK(failures == 0);
}
