// How requests and answers travel: versions of HTTP, connections that are kept
// or closed, pipelining.
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

std::string request(std::string_view method, std::string_view target, std::string_view version,
                    std::string_view headers = "") {
  std::string result{method};
  result.append(" ").append(target).append(" ").append(version).append("\r\n");
  return result.append(headers).append("\r\n");
}

// Every request of the protocol once, and its answer: `expiry` for an expiry.
struct exchange {
  std::string target;
  std::string answer;
};

const std::string expiry = "expiry";
const std::vector<exchange> one_round{
  {"/CHECK/key", "0\n"},     {"/LOCK/key/me?lock_timeout=60", expiry},
  {"/CHECK/key", "1\n"},     {"/VERIFY/key/me", "1\n"},
  {"/LOCK/key/me", "0\n"},   {"/UNLOCK/key/other", "0\n"},
  {"/UNLOCK/key/me", "1\n"}, {"/VERIFY/key/me", "0\n"},
  {"/PING", "1\n"},          {"/SHUTDOWN", "0\n"},
};

bool matches(const std::string& answer, const exchange& x) {
  return x.answer == expiry ? is_expiry(answer) : answer == x.answer;
}

} // namespace

TEST_CASE("HTTP/1.1 keeps the connection", "[net]") {
  running_server server;
  auto client = server.connect();
  for (auto& x : one_round) {
    auto answer = client.send(get(x.target)).answer();
    CAPTURE(x.target, answer.body);
    CHECK(answer.status == 200);
    CHECK(answer["connection"].empty());
    CHECK(matches(answer.body, x));
  }
  CHECK(client.silent());
  CHECK(server->count().connections == 1);
}

TEST_CASE("HTTP/1.1 closes the connection when the client wants it", "[net]") {
  running_server server;
  for (auto& x : one_round) {
    auto client = server.connect();
    auto answer = client.send(get(x.target, "Connection: close\r\n")).answer();
    CAPTURE(x.target, answer.body);
    CHECK(answer["connection"] == "close");
    CHECK(matches(answer.body, x));
    CHECK(client.closes());
  }
  CHECK(server.gets_connections(0));
}

TEST_CASE("HTTP/1.0 closes the connection unless asked to keep it", "[net]") {
  running_server server;
  for (auto& x : one_round) {
    auto client = server.connect();
    auto answer = client.send(request("GET", x.target, "HTTP/1.0")).answer();
    CAPTURE(x.target, answer.body);
    CHECK(matches(answer.body, x));
    CHECK(client.closes());
  }
  auto client = server.connect();
  for (auto& x : one_round) {
    auto answer
      = client.send(request("GET", x.target, "HTTP/1.0", "Connection: keep-alive\r\n")).answer();
    CAPTURE(x.target, answer.body);
    CHECK(answer["connection"] == "keep-alive");
    CHECK(matches(answer.body, x));
  }
  CHECK(client.silent());
}

TEST_CASE("HTTP/0.9 gets the bare line and the end of the connection", "[net]") {
  auto threads = GENERATE(1u, 2u);
  auto line_end = GENERATE("\n\n", "\r\n\r\n", "\n", "\r\n");
  running_server server{{.threads = threads}};
  for (auto& x : one_round) {
    auto answer = server.connect().send("GET " + x.target + line_end).rest();
    CAPTURE(x.target, answer);
    CHECK(matches(answer, x));
  }
  CHECK(server.gets_connections(0));
}

TEST_CASE("Lock::Server's clients may leave a per cent sign unescaped", "[net]") {
  running_server server;
  CHECK(is_expiry(server.connect().send("GET /LOCK/100%/me too\n\n").rest()));
  CHECK(server.ask("/VERIFY/100%25/me%20too") == "1\n");
}

TEST_CASE("POST does what GET does", "[net]") {
  running_server server;
  auto client = server.connect();
  for (auto& x : one_round) {
    auto answer
      = client.send(request("POST", x.target, "HTTP/1.1", "Content-Length: 0\r\n")).answer();
    CAPTURE(x.target, answer.body);
    CHECK(answer.status == 200);
    CHECK(matches(answer.body, x));
  }
}

TEST_CASE("other methods are refused and change nothing", "[net]") {
  running_server server;
  auto client = server.connect();
  for (auto method : {"PUT", "DELETE", "OPTIONS", "PATCH", "get", "BREW"}) {
    auto answer = client.send(request(method, "/LOCK/key/me", "HTTP/1.1")).answer();
    CAPTURE(method);
    CHECK(answer.status == 405);
    CHECK(answer["allow"] == "GET, POST");
    CHECK(answer.body == "0\n");
  }
  client.send(request("HEAD", "/LOCK/key/me", "HTTP/1.1"));
  auto answer = client.answer_to_head();
  CHECK(answer.status == 405);
  CHECK(answer["allow"] == "GET, POST");
  // Had it a body, this would be it.
  CHECK(client.send(get("/CHECK/key")).answer().body == "0\n");
  CHECK(server->count().keys == 0);
}

TEST_CASE("a request may expect 100-continue and have no body", "[net]") {
  running_server server;
  auto client = server.connect();
  client.send(get("/PING", "Expect: 100-continue\r\n"));
  auto answer = client.answer();
  CHECK(answer.status == 200);
  CHECK(answer.body == "1\n");
  CHECK(client.silent());
}

TEST_CASE("a request may come in any pieces", "[net]") {
  running_server server;
  auto client = server.connect();
  auto text = "\r\n" + get("/LOCK/key/me?lock_timeout=60") + get("/CHECK/key");
  for (auto& c : text) {
    client.send({&c, 1});
    // Another connection in between makes pieces of it.
    server.ask("/PING");
  }
  CHECK(is_expiry(client.answer().body));
  CHECK(client.answer().body == "1\n");
}

TEST_CASE("pipelined requests are answered in their order", "[net]") {
  auto threads = GENERATE(1u, 2u);
  running_server server{{.threads = threads}};
  auto client = server.connect();
  for (int i = 0; i < 20; ++i) {
    std::string batch;
    for (int k = 0; k < 10; ++k)
      for (auto& x : one_round)
        batch += get(x.target);
    client.send(batch);
    for (int k = 0; k < 10; ++k)
      for (auto& x : one_round) {
        auto answer = client.answer();
        CAPTURE(x.target, answer.body);
        REQUIRE(answer.status == 200);
        REQUIRE(matches(answer.body, x));
      }
  }
  CHECK(client.silent());
}

TEST_CASE("pipelined requests are all answered though no more follow", "[net]") {
  auto threads = GENERATE(1u, 2u);
  running_server server{{.threads = threads}};
  for (int i = 0; i < 50; ++i) {
    auto client = server.connect();
    std::string batch;
    for (int k = 0; k < 100; ++k)
      batch += get("/CHECK/" + std::to_string(k));
    client.send(batch).half_close();
    for (int k = 0; k < 100; ++k) {
      CAPTURE(i, k);
      REQUIRE(client.answer().body == "0\n");
    }
    REQUIRE(client.closes());
  }
}

TEST_CASE("a request behind a waiting lock is answered after it", "[net]") {
  auto threads = GENERATE(1u, 2u);
  running_server server{{.lock_timeout = 60s, .lock_attempt_timeout = 60s, .threads = threads}};
  REQUIRE(is_expiry(server.ask("/LOCK/key/holder")));
  auto client = server.connect();
  client.send(get("/LOCK/key/me") + get("/VERIFY/key/me"));
  REQUIRE(server.gets_waiters(1));
  client.send(get("/PING"));
  CHECK(server.ask("/VERIFY/key/holder") == "1\n");
  CHECK(client.silent());
  CHECK(server.ask("/UNLOCK/key/holder") == "1\n");
  CHECK(is_expiry(client.answer().body));
  CHECK(client.answer().body == "1\n");
  CHECK(client.answer().body == "1\n");
}

TEST_CASE("a client that half-closes still gets its answer", "[net]") {
  auto threads = GENERATE(1u, 2u);
  auto target = GENERATE("/PING", "/LOCK/key/me?lock_attempt_timeout=0", "/CHECK/key", "/none");
  auto version = GENERATE("", " HTTP/1.0", " HTTP/1.1");
  CAPTURE(target, version);
  running_server server{{.threads = threads}};
  auto text = std::string{"GET "} + target + version + "\r\n\r\n";
  for (int i = 0; i < 20; ++i) {
    auto client = server.connect();
    client.send(text).half_close();
    auto answer = client.rest();
    CAPTURE(i, answer);
    REQUIRE(answer.ends_with('\n'));
    server.ask("/UNLOCK/key/me");
  }
  CHECK(server.gets_connections(0));
}
