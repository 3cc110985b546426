// The server as an object: its settings, its port, its life.
#include "lockserver/lines_client.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/running_server.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/ringbuffer_sink.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace lockserver;
using namespace std::chrono_literals;
using namespace test;

namespace {

// What a server has written, to know how far it has come.
class journal {
public:
  std::shared_ptr<spdlog::logger> logger() const {
    return std::make_shared<spdlog::logger>("", sink_);
  }

  bool gets(const std::string& text) const {
    return eventually([&] {
      for (auto& line : sink_->last_formatted())
        if (line.find(text) != std::string::npos)
          return true;
      return false;
    });
  }

private:
  std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt> sink_
    = std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(100);
};

bool answers(std::uint16_t port) {
  try {
    return raw_client{port}.send("GET /PING\n\n").rest() == "1\n";
  } catch (const std::exception&) {
    return false;
  }
}

} // namespace

TEST_CASE("a server refuses settings that make no sense, and says which", "[net]") {
  auto refused = [](settings x, const std::string& name) {
    CHECK_THROWS_AS(server{x}, std::invalid_argument);
    CHECK_THROWS_WITH(server{x}, validate(x));
    CHECK(validate(x).find(name) != std::string::npos);
  };
  refused({.host = ""}, "host");
  refused({.lock_timeout = 0s}, "lock-timeout");
  refused({.lock_timeout = 2s, .max_lock_timeout = 1s}, "lock-timeout");
  refused({.lock_attempt_timeout = -1s}, "lock-attempt-timeout");
  refused({.max_lock_timeout = 10'000h}, "max-lock-timeout");
  refused({.max_lock_attempt_timeout = 10'000h}, "max-lock-attempt-timeout");
  refused({.reconnect_attempts = 0}, "reconnect-attempts");
  refused({.time_between_attempts = -1s}, "time-between-attempts");
  refused({.max_connections = 0}, "max-connections");
  refused({.threads = 0}, "threads");
  refused({.threads = 257}, "threads");
  refused({.header_timeout = 0s}, "header-timeout");
  refused({.idle_timeout = 0s}, "idle-timeout");
  refused({.write_timeout = 0s}, "write-timeout");
  refused({.answer_margin = 0s}, "answer-margin");
  refused({.key_idle_timeout = -1s}, "key-idle-timeout");
  CHECK(validate({}).empty());
}

TEST_CASE("a server is reachable when it has started, and counts what it holds", "[net]") {
  server it{running_server::on_free_port({})};
  CHECK(it.port() == 0);
  CHECK(!it.ping());
  CHECK(it.count().connections == 0);
  REQUIRE(!it.start());
  REQUIRE(it.port() != 0);
  CHECK(it.ping());
  CHECK(!it.start()); // it serves already
  auto client = it.client("me");
  CHECK(client.name() == "me");
  REQUIRE(client.acquire("key", {.ttl = 60s}));
  CHECK(it.count().connections >= 1);
  CHECK(it.count().keys == 1);
  CHECK(it.count().holders == 1);
  CHECK(it.count().waiters == 0);
  CHECK(client.release("key"));
  CHECK(eventually([&] { return it.count().keys == 0; }));
  CHECK_THROWS_AS(it.client(""), std::invalid_argument);
}

TEST_CASE("a server listens on a host given by name", "[net]") {
  server it{running_server::on_free_port({.host = "localhost"})};
  REQUIRE(!it.start());
  CHECK(it.ping());
}

TEST_CASE("a server that cannot have its host says so at once", "[net]") {
  auto host = GENERATE("no.such.host.invalid", "192.0.2.1");
  server it{running_server::on_free_port({.host = host})};
  CHECK(it.start());
  CHECK(it.run());
  CHECK(it.port() == 0);
  it.wait();
}

TEST_CASE("a busy port is tried again, then given up", "[net]") {
  running_server first;
  journal log;
  server it{{.port = first->port(), .reconnect_attempts = 3, .time_between_attempts = 100ms},
            log.logger()};
  auto start = clock::now();
  CHECK(it.start() == std::errc::address_in_use);
  CHECK(clock::now() - start >= 300ms); // 1 * 100 + 2 * 100
  CHECK(log.gets("attempt 1 of 3"));
  CHECK(log.gets("attempt 2 of 3"));
  CHECK(log.gets("cannot listen"));
  CHECK(it.port() == 0);
  CHECK(first.ask("/PING") == "1\n");
  // With one attempt there is nothing to wait for.
  server hasty{{.port = first->port(), .reconnect_attempts = 1, .time_between_attempts = 600s}};
  CHECK(hasty.start() == std::errc::address_in_use);
}

TEST_CASE("a port that becomes free is taken", "[net]") {
  running_server first;
  journal log;
  server it{{.port = first->port(), .reconnect_attempts = 100, .time_between_attempts = 10ms},
            log.logger()};
  auto started = std::async(std::launch::async, [&] { return it.start(); });
  REQUIRE(log.gets("attempt 2 of 100"));
  first->stop();
  REQUIRE(started.wait_for(patience) == std::future_status::ready);
  CHECK(!started.get());
  CHECK(answers(it.port()));
}

TEST_CASE("a server starts again on the port it had, clients or not", "[net]") {
  running_server first;
  auto port = first->port();
  auto client = first.connect();
  REQUIRE(is_expiry(client.send(get("/LOCK/key/me")).answer().body));
  first->stop();
  server it{{.port = port, .reconnect_attempts = 1}};
  CHECK(!it.start());
  CHECK(answers(port));
}

TEST_CASE("a start that waits for its port can be stopped", "[net]") {
  running_server first;
  journal log;
  server it{{.port = first->port(), .reconnect_attempts = 3, .time_between_attempts = 600s},
            log.logger()};
  auto started = std::async(std::launch::async, [&] { return it.start(); });
  REQUIRE(log.gets("attempt 1 of 3"));
  CHECK(it.count().connections == 0);
  auto start = clock::now();
  it.stop();
  REQUIRE(started.wait_for(patience) == std::future_status::ready);
  CHECK(started.get() == std::errc::operation_canceled);
  CHECK(clock::now() - start < 2s);
}

TEST_CASE("a server can be stopped in any state, any number of times", "[net]") {
  server it{running_server::on_free_port({.threads = 2})};
  it.stop();
  it.wait();
  for (int i = 0; i < 3; ++i) {
    REQUIRE(!it.start());
    auto port = it.port();
    std::vector<std::thread> threads;
    for (int k = 0; k < 4; ++k)
      threads.emplace_back([&] { it.stop(); });
    for (auto& x : threads)
      x.join();
    it.stop();
    it.wait();
    CHECK(!answers(port));
    CHECK(it.count().keys == 0);
  }
}

TEST_CASE("many may start a server at once", "[net]") {
  server it{running_server::on_free_port({})};
  std::vector<std::future<std::error_code>> results;
  for (int i = 0; i < 8; ++i)
    results.push_back(std::async(std::launch::async, [&] { return it.start(); }));
  for (auto& x : results)
    CHECK(!x.get());
  CHECK(it.ping());
}

TEST_CASE("wait and run return when a client has stopped the server", "[net]") {
  auto runs = GENERATE(true, false);
  server it{running_server::on_free_port({.allow_shutdown = true})};
  if (!runs)
    REQUIRE(!it.start());
  auto result = std::async(std::launch::async, [&] {
    if (runs)
      return it.run();
    it.wait();
    return std::error_code{};
  });
  REQUIRE(eventually([&] { return answers(it.port()); }));
  CHECK(result.wait_for(0s) == std::future_status::timeout);
  CHECK(lines_client{"me", "127.0.0.1", it.port()}.shutdown());
  REQUIRE(result.wait_for(patience) == std::future_status::ready);
  CHECK(!result.get());
  CHECK(!answers(it.port()));
}

TEST_CASE("run returns when the server is stopped", "[net]") {
  server it{running_server::on_free_port({})};
  auto result = std::async(std::launch::async, [&] { return it.run(); });
  REQUIRE(eventually([&] { return answers(it.port()); }));
  it.stop();
  REQUIRE(result.wait_for(patience) == std::future_status::ready);
  CHECK(!result.get());
}

TEST_CASE("a server that goes out of scope stops, with what waits", "[net]") {
  raw_client waiter;
  std::uint16_t port = 0;
  {
    running_server server{{.lock_timeout = 600s, .lock_attempt_timeout = 600s}};
    port = server->port();
    REQUIRE(is_expiry(server.ask("/LOCK/key/holder")));
    waiter = server.connect();
    waiter.send("GET /LOCK/key/waiter\n\n");
    REQUIRE(server.gets_waiters(1));
  }
  CHECK(waiter.rest() == "0\n");
  CHECK(!answers(port));
}

TEST_CASE("a server stops while clients come and go", "[net]") {
  auto threads = GENERATE(1u, 2u);
  for (int i = 0; i < 30; ++i) {
    running_server server{{.lock_attempt_timeout = 60s, .threads = threads}};
    auto port = server->port();
    std::atomic<bool> over = false;
    std::atomic<int> served = 0;
    std::vector<std::thread> clients;
    for (int k = 0; k < 3; ++k)
      clients.emplace_back([&, k] {
        while (!over) {
          try {
            raw_client client{port};
            client.send(get("/LOCK/key/" + std::to_string(k)));
            if (k > 0)
              client.answer();
            ++served;
          } catch (const std::exception&) {
            // The server has stopped, or stops.
          }
        }
      });
    REQUIRE(eventually([&] { return served > 3 * (i % 10); }));
    auto start = clock::now();
    server->stop();
    CHECK(clock::now() - start < 2s);
    over = true;
    for (auto& x : clients)
      x.join();
    CHECK(server->count().connections == 0);
  }
}
