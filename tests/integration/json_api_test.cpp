// What the JSON dialect does with connections that end, repeats and bodies;
// answers as such are held against openapi.yaml by tests/contract.
#include "tests/support/catch.hpp"
#include "tests/support/running_server.hpp"

#include <chrono>
#include <string>
#include <thread>

using namespace lockserver;
using namespace std::chrono_literals;
using namespace test;

namespace {

std::string request(const std::string& method, const std::string& target,
                    const std::string& body = {}) {
  auto result = method + ' ' + target + " HTTP/1.1\r\nHost: localhost\r\n";
  if (!body.empty())
    result += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size())
              + "\r\n";
  return result + "\r\n" + body;
}

std::string acquire(const std::string& key, const std::string& members) {
  return request("POST", "/v1/locks/" + key, '{' + members + '}');
}

bool has(const response& x, std::string_view text) {
  CAPTURE(x.body);
  return x.body.find(text) != std::string::npos;
}

// The number behind `"name":`.
std::string number(const response& x, const std::string& name) {
  auto begin = x.body.find('"' + name + "\":");
  REQUIRE(begin != std::string::npos);
  begin += name.size() + 3;
  return x.body.substr(begin, x.body.find_first_of(",}", begin) - begin);
}

const settings patient{.lock_timeout = 60s, .lock_attempt_timeout = 60s};

} // namespace

TEST_CASE("a lock held by its connection ends with it", "[net]") {
  auto threads = GENERATE(1u, 3u);
  running_server server{{.lock_timeout = 60s, .threads = threads}};
  auto holder = server.connect();
  CHECK(holder.send(acquire("key", R"("owner":"a","hold":"connection")")).answer().status == 200);
  CHECK(holder.send(acquire("other", R"("owner":"a")")).answer().status == 200);
  // Shows that it has read its answers: else a reset takes all of them back.
  CHECK(holder.send(get("/PING")).answer().body == "1\n");
  auto waiter = server.connect();
  waiter.send(acquire("key", R"("owner":"b","wait_ms":60000)"));
  CHECK(server.gets_waiters(1));
  SECTION("when it is closed") {
    holder.close();
  }
  SECTION("when it is reset") {
    holder.reset();
  }
  CHECK(waiter.answer().status == 200);
  CHECK(server.ask("/VERIFY/other/a") == "1\n");
}

TEST_CASE("what a connection gave back is not taken from the next holder", "[net]") {
  running_server server{patient};
  auto first = server.connect();
  first.send(acquire("key", R"("owner":"a","hold":"connection")")).answer();
  CHECK(first.send(request("DELETE", "/v1/locks/key?owner=a")).answer().status == 200);
  auto second = server.connect();
  CHECK(second.send(acquire("key", R"("owner":"a")")).answer().status == 200);
  first.close();
  CHECK(server.gets_connections(1));
  CHECK(server.ask("/VERIFY/key/a") == "1\n");
}

TEST_CASE("shared holders of one connection all end with it", "[net]") {
  running_server server{patient};
  auto x = server.connect();
  for (std::string owner : {"a", "b"})
    CHECK(x.send(acquire("key", R"("mode":"shared","hold":"connection","owner":")" + owner + '"'))
            .answer()
            .status
          == 200);
  x.close();
  CHECK(server.gets_connections(0));
  CHECK(eventually([&] { return server->count().holders == 0; }));
}

TEST_CASE("a repeat whose first connection breaks keeps the place in line", "[net]") {
  running_server server{patient};
  auto holder = server.connect();
  holder.send(acquire("key", R"("owner":"h")")).answer();
  auto first = server.connect();
  first.send(acquire("key", R"("owner":"a","request_id":"r")"));
  CHECK(server.gets_waiters(1));
  auto next = server.connect();
  next.send(acquire("key", R"("owner":"b")"));
  CHECK(server.gets_waiters(2));
  auto repeat = server.connect();
  repeat.send(acquire("key", R"("owner":"a","request_id":"r")"));
  CHECK(server.gets_waiters(3));
  first.reset();
  CHECK(server.gets_waiters(2));
  holder.send(request("DELETE", "/v1/locks/key?owner=h")).answer();
  auto granted = repeat.answer();
  CHECK(granted.status == 200);
  CHECK(has(granted, R"("owner":"a")"));
  CHECK(next.silent());
}

TEST_CASE("a repeat of a grant gets the same, and outlives the first connection", "[net]") {
  running_server server{patient};
  auto first = server.connect();
  auto token = number(first.send(acquire("key", R"("owner":"a","request_id":"r")")).answer(),
                      "token");
  auto second = server.connect();
  auto repeat = second.send(acquire("key", R"("owner":"a","request_id":"r")")).answer();
  CHECK(repeat.status == 200);
  CHECK(number(repeat, "token") == token);
  first.reset(); // it has not read its answer, for all that the server knows
  CHECK(server.gets_connections(1));
  CHECK(server.ask("/VERIFY/key/a") == "1\n");
}

TEST_CASE("a client that goes while it waits with a lease never gets the lock", "[net]") {
  auto threads = GENERATE(1u, 3u);
  running_server server{{.lock_timeout = 60s, .lock_attempt_timeout = 60s, .threads = threads}};
  auto control = server.connect();
  auto lease = control.send(request("POST", "/v1/leases", R"({"ttl_ms":60000})")).answer();
  auto id = lease.body.substr(lease.body.find(":\"") + 2, 32);
  control.send(acquire("key", R"("owner":"h")")).answer();
  for (int i = 0; i < 50; ++i) {
    auto waiter = server.connect();
    auto owner = "a" + std::to_string(i);
    waiter.send(acquire("key", R"("owner":")" + owner + R"(","lease":")" + id + '"'));
    if (i % 2 == 0)
      CHECK(server.gets_waiters(1));
    waiter.reset();
  }
  CHECK(server.gets_connections(1));
  control.send(request("DELETE", "/v1/locks/key?owner=h")).answer();
  // Requests of clients that are gone, and their ends, may be under way still.
  CHECK(eventually([&] { return server->count().keys == 0; }));
  CHECK(has(control.send(request("GET", "/v1/leases/" + id)).answer(), R"("locks":[])"));
}

TEST_CASE("with several threads no lock is lost between the dialects", "[net]") {
  running_server server{{.lock_timeout = 60s, .threads = 4}};
  auto one = server.connect();
  auto other = server.connect();
  for (int i = 0; i < 200; ++i) {
    auto key = "a-key-that-is-too-long-to-be-short-" + std::to_string(i);
    CHECK(one.send(acquire(key, R"("owner":"me")")).answer().status == 200);
    CHECK(other.send(get("/VERIFY/" + key + "/me")).answer().body == "1\n");
    CHECK(other.send(get("/UNLOCK/" + key + "/me")).answer().body == "1\n");
    CHECK(other.send(get("/LOCK/" + key + "/you")).answer().body != "0\n");
    CHECK(one.send(request("DELETE", "/v1/locks/" + key + "?owner=you")).answer().status == 200);
  }
}

TEST_CASE("who waits in JSON when the server stops is told so", "[net]") {
  running_server server{patient};
  auto holder = server.connect();
  holder.send(acquire("key", R"("owner":"h")")).answer();
  auto waiter = server.connect();
  waiter.send(acquire("key", R"("owner":"a")"));
  CHECK(server.gets_waiters(1));
  std::thread stopping{[&] { server->stop(); }};
  auto answer = waiter.answer();
  CHECK(answer.status == 503);
  CHECK(has(answer, R"("code":"stopping")"));
  holder.close();
  waiter.close();
  stopping.join();
}

TEST_CASE("bodies come in whatever pieces, chunked or not, also one behind the other", "[net]") {
  running_server server{patient};
  auto x = server.connect();
  auto bytes
    = acquire("a", R"("owner":"me")")
      + "POST /v1/locks/b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"own\r\n9\r\ner\":\"me\"}\r\n0\r\n\r\n"
      + get("/VERIFY/b/me") + request("DELETE", "/v1/locks/a?owner=me");
  SECTION("all at once") {
    x.send(bytes);
  }
  SECTION("byte by byte") {
    for (auto c : bytes)
      x.send({&c, 1});
  }
  CHECK(has(x.answer(), R"("key":"a")"));
  CHECK(has(x.answer(), R"("key":"b")"));
  CHECK(x.answer().body == "1\n");
  CHECK(has(x.answer(), R"("released":true)"));
}

TEST_CASE("a body that does not come is not waited for longer than for a header", "[net]") {
  running_server server{{.header_timeout = 300ms}};
  auto x = server.connect();
  auto start = clock::now();
  x.send("POST /v1/locks/a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
         "Content-Length: 10\r\n\r\n{");
  CHECK(x.closes());
  CHECK(clock::now() - start >= 295ms);
  CHECK(server->count().keys == 0);
}

TEST_CASE("a connection holds only so many locks that end with it", "[net]") {
  running_server server{patient};
  auto x = server.connect();
  for (int i = 0; i < 1000; ++i)
    REQUIRE(
      x.send(acquire("k" + std::to_string(i), R"("owner":"a","hold":"connection")")).answer().status
      == 200);
  CHECK(x.send(acquire("more", R"("owner":"a","hold":"connection")")).answer().status == 429);
  CHECK(x.send(acquire("more", R"("owner":"a")")).answer().status == 200);
  CHECK(x.send(request("DELETE", "/v1/locks/k7?owner=a")).answer().status == 200);
  CHECK(x.send(acquire("k7", R"("owner":"a","hold":"connection")")).answer().status == 200);
  x.close();
  CHECK(eventually([&] { return server->count().holders == 1; }));
}
