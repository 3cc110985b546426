// Locks and waits end in time, whichever thread they are kept by.
#include "tests/support/catch.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/running_server.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

using namespace lockserver;
using namespace std::chrono_literals;
using namespace test;

TEST_CASE("a timer set from another thread does not delay an earlier one", "[net]") {
  auto stop = std::make_shared<gate>();
  // Nothing but locks sets timers for the near future.
  running_server server{{.lock_attempt_timeout = 600s,
                         .threads = 2,
                         .header_timeout = 600s,
                         .idle_timeout = 600s,
                         .answer_margin = 600s,
                         .key_idle_timeout = 600s},
                        gate::logger(stop)};
  // Connections are dealt out in turn: one is on the first thread, another on
  // the second, and what goes to the gate on the first.
  auto one = server.connect();
  REQUIRE(is_expiry(one.send(get("/LOCK/a/me?lock_timeout=500")).answer().body));
  auto two = server.connect();
  REQUIRE(two.send(get("/PING")).answer().body == "1\n");
  stop->close(server);
  // The second thread sets a timer that the first one keeps ...
  REQUIRE(two.send(get("/UNLOCK/a/me")).answer().body == "1\n");
  REQUIRE(is_expiry(two.send(get("/LOCK/a/me?lock_timeout=100")).answer().body));
  // ... which now goes on, and sets one for the end of a connection first.
  stop->open();
  REQUIRE(is_expiry(one.send(get("/LOCK/b/me?lock_timeout=2")).answer().body));
  auto start = clock::now();
  CHECK(is_expiry(two.send(get("/LOCK/b/next")).answer().body));
  CHECK(clock::now() - start < 15s);
}

TEST_CASE("hundreds of locks end in time, each in its own", "[net]") {
  auto threads = GENERATE(1u, 2u);
  running_server server{{.lock_attempt_timeout = 60s, .threads = threads}};
  std::vector<raw_client> clients(8);
  for (auto& x : clients)
    x = server.connect();
  constexpr int keys = 400;
  auto start = clock::now();
  for (int i = 0; i < keys; ++i) {
    auto text = "/LOCK/" + std::to_string(i) + "/holder?lock_timeout=0."
                + std::to_string(100 + i * 7919 % keys);
    clients[static_cast<std::size_t>(i) % 8].send(get(text));
  }
  for (int i = 0; i < keys; ++i)
    REQUIRE(is_expiry(clients[static_cast<std::size_t>(i) % 8].answer().body));
  // Each gets the next key as soon as it has the one before.
  for (int i = 0; i < keys; ++i)
    clients[static_cast<std::size_t>(i) % 8].send(
      get("/LOCK/" + std::to_string(i) + "/next?lock_timeout=60"));
  for (int i = 0; i < keys; ++i)
    REQUIRE(is_expiry(clients[static_cast<std::size_t>(i) % 8].answer().body));
  CHECK(clock::now() - start < 10s);
  CHECK(server->count().holders == keys);
}

TEST_CASE("hundreds of waits end in time", "[net]") {
  auto threads = GENERATE(1u, 2u);
  running_server server{{.lock_timeout = 600s, .threads = threads}};
  REQUIRE(is_expiry(server.ask("/LOCK/key/holder")));
  std::vector<raw_client> clients;
  auto start = clock::now();
  for (int i = 0; i < 300; ++i) {
    clients.push_back(server.connect());
    clients.back().send(get("/LOCK/key/" + std::to_string(i) + "?lock_attempt_timeout=0."
                            + std::to_string(100 + i * 7919 % 300)));
  }
  for (auto& x : clients)
    REQUIRE(x.answer().body == "0\n");
  CHECK(clock::now() - start >= 399ms);
  CHECK(clock::now() - start < 10s);
  CHECK(server.gets_waiters(0)); // a refusal may arrive before it is counted
}
