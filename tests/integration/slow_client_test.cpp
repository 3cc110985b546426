// Clients that say nothing, too little, or too much: each is given up after its
// time, and none disturbs another.
#include "tests/support/catch.hpp"
#include "tests/support/running_server.hpp"

#include <chrono>
#include <exception>
#include <string>
#include <vector>

using namespace lockserver;
using namespace std::chrono_literals;
using namespace test;

namespace {

// Whether `client` is closed, and not before `due`.
bool closes_at(raw_client& client, clock::time_point due) {
  return client.closes() && clock::now() >= due - 5ms;
}

// Sends requests until neither side takes any more, or the server has closed.
void flood(raw_client& client, const std::string& requests) {
  std::size_t at = 0;
  auto last = clock::now();
  eventually([&] {
    std::size_t size = 0;
    try {
      size = client.send_some(std::string_view{requests}.substr(at));
    } catch (const std::exception&) {
      return true;
    }
    at = (at + size) % requests.size();
    if (size > 0)
      last = clock::now();
    return clock::now() - last > 100ms;
  });
}

} // namespace

TEST_CASE("a connection that says nothing is closed", "[net]") {
  running_server server{{.header_timeout = 300ms}};
  auto start = clock::now();
  auto client = server.connect();
  CHECK(closes_at(client, start + 300ms));
  CHECK(clock::now() < start + 5s);
  CHECK(server.gets_connections(0));
}

TEST_CASE("a request that does not end is closed, however busily it grows", "[net]") {
  running_server server{{.header_timeout = 300ms, .idle_timeout = 100s}};
  auto first = GENERATE(true, false);
  auto client = server.connect();
  if (!first)
    client.send(get("/PING")).answer();
  auto other = server.connect();
  auto start = clock::now();
  client.send("GET /LOCK/key/me HTTP/1.1\r\nName: ");
  // A byte now and then, until the server closes and the sending fails.
  CHECK(eventually([&] {
    CHECK(other.send(get("/PING")).answer().body == "1\n");
    try {
      client.send("x");
    } catch (const std::exception&) {
      return true;
    }
    return !client.silent();
  }));
  CHECK(clock::now() - start >= 295ms);
  CHECK(clock::now() - start < 5s);
  other.close();
  CHECK(server.gets_connections(0));
  CHECK(server->count().keys == 0);
}

TEST_CASE("a body that is asked for and does not come is not waited for", "[net]") {
  running_server server{{.header_timeout = 300ms, .idle_timeout = 100s}};
  auto client = server.connect();
  client.send("POST /v1/locks/key HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
              "Content-Length: 50\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.line() == "HTTP/1.1 100 Continue\r\n");
  CHECK(client.line() == "\r\n");
  CHECK(client.closes());
  CHECK(server.gets_connections(0));
}

TEST_CASE("empty lines do not keep a connection open", "[net]") {
  running_server server{{.header_timeout = 300ms}};
  auto client = server.connect();
  auto start = clock::now();
  CHECK(eventually([&] {
    try {
      client.send("\r\n");
    } catch (const std::exception&) {
      return true;
    }
    return !client.silent();
  }));
  CHECK(clock::now() - start < 5s);
}

TEST_CASE("a kept connection may be silent for its idle time", "[net]") {
  running_server server{{.header_timeout = 50ms, .idle_timeout = 400ms}};
  auto client = server.connect();
  CHECK(client.send(get("/PING")).answer().body == "1\n");
  auto start = clock::now();
  CHECK(closes_at(client, start + 400ms));
  CHECK(clock::now() < start + 5s);
  CHECK(server.gets_connections(0));
}

TEST_CASE("a lock may wait longer than a connection may be silent", "[net]") {
  running_server server{{.header_timeout = 50ms, .idle_timeout = 50ms, .write_timeout = 50ms}};
  REQUIRE(is_expiry(server.ask("/LOCK/key/holder?lock_timeout=0.5")));
  auto client = server.connect();
  client.send(get("/LOCK/key/me?lock_attempt_timeout=60"));
  CHECK(is_expiry(client.answer().body));
  CHECK(client.closes());
}

TEST_CASE("a client that half-closes while it says nothing is let go", "[net]") {
  running_server server;
  auto client = server.connect();
  client.half_close();
  CHECK(client.closes());
  auto unfinished = server.connect();
  unfinished.send("GET /PI").half_close();
  CHECK(unfinished.closes());
  CHECK(server.gets_connections(0));
}

TEST_CASE("a client that never reads its answers is closed", "[net]") {
  auto threads = GENERATE(1u, 2u);
  auto target = GENERATE("/PING", "/CHECK/key", "/LOCK/%zz/me");
  // No other time than that for writing can end it.
  running_server server{
    {.threads = threads, .header_timeout = 600s, .idle_timeout = 600s, .write_timeout = 400ms}};
  auto other = server.connect();
  REQUIRE(is_expiry(other.send(get("/LOCK/held/other?lock_timeout=60")).answer().body));
  auto client = server.connect();
  flood(client, repeat(get(target), 1000));
  CHECK(other.send(get("/VERIFY/held/other")).answer().body == "1\n");
  CHECK(server.gets_connections(1));
  CHECK(other.send(get("/VERIFY/held/other")).answer().body == "1\n");
}

TEST_CASE("a client that reads its answers late gets them all", "[net]") {
  auto threads = GENERATE(1u, 2u);
  running_server server{{.threads = threads}};
  auto client = server.connect();
  auto round = get("/LOCK/key/me") + get("/UNLOCK/key/me") + get("/CHECK/key");
  std::string text;
  std::size_t sent = 0;
  auto requests = repeat(round, 40'000);
  std::size_t answers = 0;
  eventually([&] {
    auto size = client.send_some(std::string_view{requests}.substr(sent, 256 * 1024));
    sent += size;
    if (size == 0)
      for (int i = 0; i < 300; ++i, ++answers)
        if (auto body = client.answer().body;
            !(answers % 3 == 0 ? is_expiry(body) : body == (answers % 3 == 1 ? "1\n" : "0\n")))
          FAIL(answers << ": " << body);
    return sent == requests.size();
  });
  REQUIRE(sent == requests.size());
  for (; answers < 120'000; ++answers)
    if (client.answer().status != 200)
      FAIL(answers);
  CHECK(client.silent());
}

TEST_CASE("a lock whose answer never arrived is free again", "[net]") {
  running_server server{{.lock_timeout = 600s, .write_timeout = 2s}};
  auto client = server.connect();
  std::string requests;
  for (int i = 0; i < 200'000; ++i)
    requests += get("/LOCK/key" + std::to_string(i) + "/me");
  flood(client, requests);
  auto granted = server->count().holders;
  CHECK(granted > 100);
  // The server gives up when nothing has moved for two seconds.
  CHECK(server.gets_connections(0));
  std::size_t arrived = 0;
  try {
    while (is_expiry(client.answer().body))
      ++arrived;
  } catch (const std::exception&) { // the end
  }
  CAPTURE(granted, arrived);
  CHECK(arrived < granted);
  CHECK(eventually([&] { return server->count().holders == arrived; }));
}

TEST_CASE("clients beyond the limit get no locks, and the others are served", "[net]") {
  running_server server{{.max_connections = 3}};
  std::vector<raw_client> served;
  for (int i = 0; i < 3; ++i) {
    served.push_back(server.connect());
    REQUIRE(served.back().send(get("/PING")).answer().body == "1\n");
  }
  REQUIRE(is_expiry(served[0].send(get("/LOCK/key/me?lock_timeout=60")).answer().body));
  for (int i = 0; i < 100; ++i) {
    auto refused = server.connect();
    auto answer = refused.send(get("/LOCK/other/you")).answer();
    CHECK(answer.status == 429);
    CHECK(answer.body == "0\n");
    CHECK(answer["connection"] == "close");
    CHECK(refused.closes());
    refused.close();
    CHECK(server.gets_connections(3));
  }
  CHECK(server.connect().send("GET /LOCK/other/you\n\n").rest() == "0\n");
  CHECK(served[1].send(get("/VERIFY/key/me")).answer().body == "1\n");
  served.pop_back();
  CHECK(server.gets_connections(2));
  CHECK(server.ask("/PING") == "1\n");
}

TEST_CASE("far too many clients are closed at once", "[net]") {
  running_server server{{.max_connections = 2}};
  std::vector<raw_client> served;
  for (int i = 0; i < 2; ++i) {
    served.push_back(server.connect());
    REQUIRE(served.back().send(get("/PING")).answer().body == "1\n");
  }
  std::vector<raw_client> refused;
  for (int i = 0; i < 200; ++i)
    refused.push_back(server.connect());
  CHECK(refused.back().closes());
  CHECK(server->count().connections < 100);
  for (auto& x : served)
    CHECK(x.send(get("/PING")).answer().body == "1\n");
  refused.clear();
  CHECK(server.gets_connections(2));
}
