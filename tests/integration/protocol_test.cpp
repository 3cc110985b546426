// What Lock::Server's requests do and what they answer, to the letter.
#include "tests/support/catch.hpp"
#include "tests/support/running_server.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

using namespace lockserver;
using namespace std::chrono_literals;
using namespace test;

namespace {

double seconds_since_1970() {
  return std::chrono::duration<double>{std::chrono::system_clock::now().time_since_epoch()}.count();
}

} // namespace

TEST_CASE("every request answers one line", "[net]") {
  auto threads = GENERATE(1u, 2u);
  running_server server{{.threads = threads}};
  auto client = server.connect();
  auto ask = [&](std::string_view target) {
    auto answer = client.send(get(target)).answer();
    CHECK(answer.status == 200);
    CHECK(answer["content-type"] == "text/plain");
    return answer.body;
  };
  CHECK(ask("/PING") == "1\n");
  CHECK(ask("/CHECK/key") == "0\n");
  CHECK(ask("/VERIFY/key/me") == "0\n");
  CHECK(ask("/UNLOCK/key/me") == "0\n");
  CHECK(is_expiry(ask("/LOCK/key/me?lock_timeout=60")));
  CHECK(ask("/CHECK/key") == "1\n");
  CHECK(ask("/VERIFY/key/me") == "1\n");
  CHECK(ask("/VERIFY/key/other") == "0\n");
  CHECK(ask("/UNLOCK/key/other") == "0\n");
  CHECK(ask("/CHECK/key") == "1\n");
  CHECK(ask("/UNLOCK/key/me") == "1\n");
  CHECK(ask("/UNLOCK/key/me") == "0\n");
  CHECK(ask("/VERIFY/key/me") == "0\n");
  CHECK(ask("/CHECK/key") == "0\n");
  CHECK(ask("/SHUTDOWN") == "0\n");
  CHECK(ask("/PING") == "1\n");
}

TEST_CASE("a lock answers when it ends", "[net]") {
  running_server server{{.lock_timeout = 30s}};
  auto before = seconds_since_1970();
  auto by_default = server.ask("/LOCK/a/me");
  auto asked_for = server.ask("/LOCK/b/me?lock_timeout=7.5");
  auto after = seconds_since_1970();
  REQUIRE(is_expiry(by_default));
  REQUIRE(is_expiry(asked_for));
  CHECK(std::stod(by_default) >= before + 30 - 0.001);
  CHECK(std::stod(by_default) <= after + 30 + 0.001);
  CHECK(std::stod(asked_for) >= before + 7.5 - 0.001);
  CHECK(std::stod(asked_for) <= after + 7.5 + 0.001);
}

TEST_CASE("a lock that is taken is waited for as long as the request says", "[net]") {
  auto threads = GENERATE(1u, 2u);
  running_server server{{.lock_attempt_timeout = 150ms, .threads = threads}};
  REQUIRE(is_expiry(server.ask("/LOCK/key/holder?lock_timeout=60")));
  auto start = clock::now();
  CHECK(server.ask("/LOCK/key/a?lock_attempt_timeout=0") == "0\n");
  CHECK(server.ask("/LOCK/key/b") == "0\n");
  CHECK(clock::now() - start >= 150ms);
  start = clock::now();
  CHECK(server.ask("/LOCK/key/c?lock_timeout=9&lock_attempt_timeout=0.3") == "0\n");
  CHECK(clock::now() - start >= 300ms);
  CHECK(server.gets_waiters(0));
  CHECK(server.ask("/VERIFY/key/holder") == "1\n");
}

TEST_CASE("locks are not re-entrant", "[net]") {
  running_server server{{.lock_timeout = 60s, .lock_attempt_timeout = 60s}};
  REQUIRE(is_expiry(server.ask("/LOCK/key/holder")));
  CHECK(server.ask("/LOCK/key/holder") == "0\n");
  auto waiter = server.connect();
  waiter.send(get("/LOCK/key/waiter"));
  REQUIRE(server.gets_waiters(1));
  CHECK(server.ask("/LOCK/key/waiter") == "0\n");
  CHECK(server->count().waiters == 1);
  CHECK(waiter.silent());
  CHECK(server.ask("/UNLOCK/key/holder") == "1\n");
  CHECK(is_expiry(waiter.answer().body));
  CHECK(is_expiry(server.ask("/LOCK/another/holder")));
}

TEST_CASE("waiters get the lock in the order in which they came", "[net]") {
  auto threads = GENERATE(1u, 2u);
  running_server server{{.lock_attempt_timeout = 60s, .threads = threads}};
  REQUIRE(is_expiry(server.ask("/LOCK/key/0?lock_timeout=60")));
  std::vector<raw_client> waiters;
  for (int i = 1; i <= 20; ++i) {
    waiters.push_back(server.connect());
    waiters.back().send(get("/LOCK/key/" + std::to_string(i) + "?lock_timeout=60"));
    REQUIRE(server.gets_waiters(static_cast<std::size_t>(i)));
  }
  for (int i = 0; i < 20; ++i) {
    REQUIRE(server.ask("/UNLOCK/key/" + std::to_string(i)) == "1\n");
    REQUIRE(is_expiry(waiters[static_cast<std::size_t>(i)].answer().body));
    REQUIRE(server.ask("/VERIFY/key/" + std::to_string(i + 1)) == "1\n");
  }
}

TEST_CASE("a lock that runs out goes to the next waiter, for its full time", "[net]") {
  auto threads = GENERATE(1u, 2u);
  running_server server{{.threads = threads}};
  auto start = clock::now();
  auto first = server.ask("/LOCK/key/holder?lock_timeout=0.2");
  auto waiter = server.connect();
  waiter.send(get("/LOCK/key/waiter?lock_timeout=0.5&lock_attempt_timeout=60"));
  auto second = waiter.answer().body;
  CHECK(clock::now() - start >= 200ms);
  REQUIRE(is_expiry(first));
  REQUIRE(is_expiry(second));
  CHECK(std::stod(second) >= std::stod(first) + 0.5 - 0.001);
  CHECK(server.ask("/VERIFY/key/holder") == "0\n");
  CHECK(server.ask("/UNLOCK/key/holder") == "0\n");
  CHECK(eventually([&] { return server.ask("/CHECK/key") == "0\n"; }));
  CHECK(clock::now() - start >= 700ms);
  CHECK(server.ask("/VERIFY/key/waiter") == "0\n");
  CHECK(server.ask("/UNLOCK/key/waiter") == "0\n");
}

TEST_CASE("a key is any text: escaped, with slashes, in UTF-8", "[net]") {
  running_server server;
  auto key = GENERATE("a%2Fb%2fc", "%6Bey", "%E2%82%AC%20%F0%9F%94%92", "a+b;c=d@e!$'(),*:", "%25",
                      "..", "%3F%23");
  CAPTURE(key);
  auto target = [&](std::string verb) { return "/" + verb + "/" + key + "/m%C3%A9%2F"; };
  CHECK(is_expiry(server.ask(target("LOCK"))));
  CHECK(server.ask("/CHECK/" + std::string{key}) == "1\n");
  CHECK(server.ask(target("VERIFY")) == "1\n");
  CHECK(server->count().holders == 1);
  CHECK(server.ask(target("UNLOCK")) == "1\n");
}

TEST_CASE("two ways to write a key name the same key", "[net]") {
  running_server server;
  REQUIRE(is_expiry(server.ask("/LOCK/%6b%65y/me")));
  CHECK(server.ask("/VERIFY/key/%6De") == "1\n");
  CHECK(server.connect().send("GET /VERIFY/key/me\n\n").rest() == "1\n");
  // Clients of HTTP/0.9 send UTF-8 as it is.
  REQUIRE(is_expiry(server.ask("/LOCK/%C3%A9/me")));
  CHECK(server.connect().send("GET /UNLOCK/\xC3\xA9/me\n\n").rest() == "1\n");
}

TEST_CASE("names of 512 bytes are served", "[net]") {
  running_server server;
  auto longest = repeat("k", 512);
  auto escaped = repeat("%6b", 512);
  CHECK(is_expiry(server.ask("/LOCK/" + longest + "/" + escaped)));
  CHECK(server.ask("/UNLOCK/" + escaped + "/" + longest) == "1\n");
}

TEST_CASE("times may have fractions and reach up to the limits", "[net]") {
  running_server server{{.max_lock_timeout = 100s, .max_lock_attempt_timeout = 10s}};
  auto query = GENERATE("lock_timeout=100", "lock_timeout=0.000001", "lock_timeout=3.25",
                        "lock_timeout=99.999999", "lock_attempt_timeout=10",
                        "lock_attempt_timeout=0", "lock_attempt_timeout=0.0",
                        "lock_attempt_timeout=1&lock_timeout=1");
  CAPTURE(query);
  CHECK(is_expiry(server.ask("/LOCK/key/me?" + std::string{query})));
}

TEST_CASE("servers in one process share nothing", "[net]") {
  running_server one{{.threads = 2}};
  running_server two{{.allow_shutdown = true}};
  REQUIRE(is_expiry(one.ask("/LOCK/key/me?lock_timeout=60")));
  CHECK(two.ask("/CHECK/key") == "0\n");
  REQUIRE(is_expiry(two.ask("/LOCK/key/other?lock_timeout=60")));
  CHECK(two.ask("/SHUTDOWN") == "1\n");
  two->wait();
  CHECK(one.ask("/VERIFY/key/me") == "1\n");
  CHECK(one->count().holders == 1);
}

TEST_CASE("a server started again has no locks", "[net]") {
  auto threads = GENERATE(1u, 2u);
  running_server server{{.threads = threads}};
  for (int i = 0; i < 3; ++i) {
    CHECK(server.ask("/CHECK/key") == "0\n");
    CHECK(is_expiry(server.ask("/LOCK/key/me?lock_timeout=60")));
    server->stop();
    CHECK(server->count().holders == 0);
    CHECK_THROWS(server.connect());
    REQUIRE(!server->start());
  }
}

TEST_CASE("a client can stop the server only where that is allowed", "[net]") {
  auto simple = GENERATE(true, false);
  auto ask = [simple](running_server& x) {
    auto client = x.connect();
    return simple ? client.send("GET /SHUTDOWN\n\n").rest()
                  : client.send(get("/SHUTDOWN")).answer().body;
  };
  running_server guarded;
  CHECK(ask(guarded) == "0\n");
  CHECK(guarded.ask("/PING") == "1\n");
  running_server open{{.lock_timeout = 60s, .lock_attempt_timeout = 60s, .allow_shutdown = true}};
  REQUIRE(is_expiry(open.ask("/LOCK/key/holder")));
  auto waiter = open.connect();
  waiter.send("GET /LOCK/key/waiter\n\n");
  REQUIRE(open.gets_waiters(1));
  CHECK(ask(open) == "1\n");
  CHECK(waiter.rest() == "0\n");
  open->wait();
  CHECK_THROWS(open.connect());
}

TEST_CASE("a stop answers every waiting lock and takes at most two seconds", "[net]") {
  auto threads = GENERATE(1u, 2u);
  running_server server{{.lock_timeout = 60s, .lock_attempt_timeout = 60s, .threads = threads}};
  REQUIRE(is_expiry(server.ask("/LOCK/key/holder")));
  auto idle = server.connect();
  auto unfinished = server.connect();
  unfinished.send("GET /PI");
  auto deaf = server.connect();
  deaf.send(repeat(get("/PING"), 1000));
  std::vector<raw_client> waiters;
  for (int i = 0; i < 100; ++i) {
    waiters.push_back(server.connect());
    auto target = "/LOCK/key/" + std::to_string(i);
    waiters.back().send(i % 2 == 0 ? get(target) : "GET " + target + "\n\n");
  }
  REQUIRE(server.gets_waiters(waiters.size()));
  auto start = clock::now();
  server->stop();
  CHECK(clock::now() - start < 2s);
  for (std::size_t i = 0; i < waiters.size(); ++i) {
    if (i % 2 == 0) {
      auto answer = waiters[i].answer();
      CHECK(answer.status == 200);
      CHECK(answer.body == "0\n");
      CHECK(answer["connection"] == "close");
      CHECK(waiters[i].closes());
    } else {
      CHECK(waiters[i].rest() == "0\n");
    }
  }
  CHECK(idle.closes());
  CHECK(unfinished.closes());
  CHECK(server->count().connections == 0);
}
