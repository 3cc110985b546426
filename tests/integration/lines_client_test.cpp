#include "lockserver/lines_client.hpp"
#include "lockserver/server.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/raw_client.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace lockserver;
using namespace std::chrono_literals;

namespace {

using test::eventually;

using clock = std::chrono::steady_clock;

struct running_server {
  explicit running_server(settings config = {}) : it(free_port(config)) {
    REQUIRE(!it.start());
  }

  static settings free_port(settings config) {
    config.port = 0;
    return config;
  }

  lines_client client(std::string name, const client_options& options = {}) const {
    return lines_client{std::move(name), "127.0.0.1", it.port(), options};
  }

  server it;
};

// For calls that find no server: one try is enough to see that.
client_options one_try() {
  client_options result;
  result.reconnect_attempts = 1;
  return result;
}

} // namespace

TEST_CASE("a client takes a lock, sees it, and gives it back", "[net]") {
  running_server server;
  auto client = server.client("me");
  CHECK(client.name() == "me");
  CHECK(client.ping());
  CHECK(!client.is_locked("key"));
  CHECK(!client.locked_by_me("key"));
  CHECK(!client.unlock("key"));
  auto before = std::chrono::system_clock::now();
  auto result = client.lock("key", {.lock_timeout = 60s});
  auto after = std::chrono::system_clock::now();
  REQUIRE(result);
  CHECK(result.status == lock_status::held);
  CHECK(!result.error);
  CHECK(result.message.empty());
  // The answer has microseconds, our clock may have more.
  CHECK(result.expires_at >= before + 60s - 1ms);
  CHECK(result.expires_at <= after + 60s + 1ms);
  CHECK(client.is_locked("key"));
  CHECK(client.locked_by_me("key"));
  CHECK(client.unlock("key"));
  CHECK(!client.is_locked("key"));
}

TEST_CASE("another name neither gets nor gives back a lock that is held", "[net]") {
  running_server server;
  auto holder = server.client("holder");
  auto other = server.client("other");
  REQUIRE(holder.lock("key", {.lock_timeout = 60s}));
  auto result = other.lock("key", {.lock_attempt_timeout = 0s});
  CHECK(result.status == lock_status::not_obtained);
  CHECK(!result.error);
  CHECK(other.is_locked("key"));
  CHECK(!other.locked_by_me("key"));
  CHECK(!other.unlock("key"));
  CHECK(holder.locked_by_me("key"));
}

TEST_CASE("a name that holds a key does not get it twice", "[net]") {
  running_server server;
  auto client = server.client("me");
  REQUIRE(client.lock("key", {.lock_timeout = 60s}));
  CHECK(client.lock("key").status == lock_status::not_obtained);
}

TEST_CASE("a lock ends by its time, with fractions of a second", "[net]") {
  running_server server;
  auto client = server.client("me");
  auto start = clock::now();
  REQUIRE(client.lock("key", {.lock_timeout = 200ms}));
  CHECK(eventually([&] { return !client.locked_by_me("key"); }));
  CHECK(clock::now() - start >= 200ms);
}

TEST_CASE("a lock that waits delays no other call of the same client", "[net]") {
  running_server server;
  auto holder = server.client("holder");
  auto client = server.client("me");
  REQUIRE(holder.lock("key", {.lock_timeout = 60s}));
  auto waiting = std::async(std::launch::async, [&] {
    return client.lock("key", {.lock_timeout = 60s, .lock_attempt_timeout = 60s});
  });
  REQUIRE(eventually([&] { return server.it.count().waiters == 1; }));
  REQUIRE(client.lock("another"));
  CHECK(client.unlock("another"));
  CHECK(client.is_locked("key"));
  CHECK(waiting.wait_for(0s) == std::future_status::timeout);
  CHECK(holder.unlock("key"));
  REQUIRE(waiting.wait_for(10s) == std::future_status::ready);
  CHECK(waiting.get());
  CHECK(client.locked_by_me("key"));
}

TEST_CASE("the client waits as long as the server's own limit when a call names none", "[net]") {
  settings config;
  config.lock_attempt_timeout = 300ms;
  running_server server{config};
  auto holder = server.client("holder");
  REQUIRE(holder.lock("key", {.lock_timeout = 60s}));
  client_options options;
  options.answer_timeout = 10s;
  options.longest_wait = 1s;
  auto start = clock::now();
  CHECK(server.client("me", options).lock("key").status == lock_status::not_obtained);
  CHECK(clock::now() - start >= 300ms);
}

TEST_CASE("keys and names may have any printable character", "[net]") {
  running_server server;
  std::vector<std::string> texts{"a b",
                                 "a/b",
                                 "a%2Fb",
                                 "a%b",
                                 "a?b=c&d",
                                 "a#b",
                                 "a+b",
                                 ".",
                                 "..",
                                 "//",
                                 "Schl\xC3\xBCssel",
                                 "\xF0\x9F\x94\x92",
                                 "\"'<>\\^`{|}",
                                 std::string(512, '/')};
  auto plain = server.client("me");
  for (auto& text : texts) {
    INFO(text);
    auto odd = server.client(text);
    CHECK(!plain.is_locked(text)); // no two of the texts are the same key
    CHECK(odd.lock(text, {.lock_timeout = 60s}));
    CHECK(odd.locked_by_me(text));
    CHECK(!plain.locked_by_me(text));
  }
  CHECK(server.it.count().holders == texts.size());
  for (auto& text : texts)
    CHECK(server.client(text).unlock(text));
  CHECK(server.it.count().holders == 0);
}

TEST_CASE("the server's reason against a request reaches the caller", "[net]") {
  settings config;
  config.max_lock_timeout = 10s;
  running_server server{config};
  auto client = server.client("me");
  auto result = client.lock("key", {.lock_timeout = 11s});
  CHECK(result.status == lock_status::error);
  CHECK(result.error == errc::bad_request);
  CHECK_THAT(result.message, Catch::Matchers::Contains("lock_timeout"));
  CHECK(client.lock("key", {.lock_timeout = -1s}).error == errc::bad_request);
  CHECK(!client.is_locked("key"));
}

TEST_CASE("calls one after the other share a connection", "[net]") {
  running_server server;
  auto client = server.client("me");
  for (int i = 0; i < 5; ++i) {
    CHECK(client.ping());
    CHECK(client.lock("key"));
    CHECK(client.unlock("key"));
  }
  CHECK(server.it.count().connections == 1);
}

TEST_CASE("many threads may use one client", "[net]") {
  running_server server;
  auto client = server.client("me");
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, key = "key" + std::to_string(i)] {
      for (int round = 0; round < 50; ++round)
        good += client.lock(key) && client.locked_by_me(key) && client.unlock(key);
    });
  for (auto& thread : threads)
    thread.join();
  CHECK(good == 8 * 50);
  // What is left is the connection that is kept.
  CHECK(eventually([&] { return server.it.count().connections == 1; }));
}

TEST_CASE("a client outlives a server that is started again on its port", "[net]") {
  settings config;
  running_server first{config};
  auto client = first.client("me");
  REQUIRE(client.lock("key"));
  config.port = first.it.port();
  first.it.stop();
  CHECK(!client.ping());
  config.time_between_attempts = 10ms;
  server second{config};
  REQUIRE(!second.start());
  CHECK(client.lock("key")); // by a new connection: the kept one is dead
}

TEST_CASE("a server stops at a client's word only when it may", "[net]") {
  settings config;
  SECTION("by default it may not") {
    running_server server{config};
    auto client = server.client("me");
    CHECK(!client.shutdown());
    CHECK(client.ping());
  }
  SECTION("with allow_shutdown it does") {
    config.allow_shutdown = true;
    running_server server{config};
    auto client = server.client("me", one_try());
    CHECK(client.shutdown());
    server.it.wait();
    CHECK(!client.ping());
  }
}

TEST_CASE("a client can be moved, with its connection", "[net]") {
  running_server server;
  auto client = server.client("me");
  REQUIRE(client.lock("key"));
  auto moved = std::move(client);
  CHECK(moved.name() == "me");
  CHECK(moved.unlock("key"));
  client = server.client("you");
  CHECK(client.name() == "you");
  CHECK(client.lock("key"));
}

TEST_CASE("the host may be a name", "[net]") {
  running_server server;
  lines_client client{"me", "localhost", server.it.port()};
  CHECK(client.lock("key"));
}
