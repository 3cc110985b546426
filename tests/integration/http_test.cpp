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
  result.append(" ").append(target).append(" ").append(version).append("\r\nHost: localhost\r\n");
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
  for (auto method : {"PUT", "DELETE", "LOCK"}) {
    auto answer = client.send(request(method, "/LOCK/key/me", "HTTP/1.1")).answer();
    CAPTURE(method);
    CHECK(answer.status == 405);
    CHECK(answer["allow"] == "GET, POST, OPTIONS");
    CHECK(answer.body == "0\n");
  }
  for (auto method : {"PATCH", "get", "BREW", "TRACE", "PROPFIND"})
    for (auto target : {"/LOCK/key/me", "/v1/locks/key", "/terraform/key", "/nothing", "*"}) {
      CAPTURE(method, target);
      CHECK(client.send(request(method, target, "HTTP/1.1")).answer().status == 501);
    }
  client.send(request("HEAD", "/LOCK/key/me", "HTTP/1.1"));
  auto answer = client.answer_to_head();
  CHECK(answer.status == 405);
  CHECK(answer["allow"] == "GET, POST, OPTIONS");
  // Had it a body, this would be it.
  CHECK(client.send(get("/CHECK/key")).answer().body == "0\n");
  CHECK(server->count().keys == 0);
}

TEST_CASE("a load balancer finds the server well, however it asks", "[net]") {
  running_server server;
  auto client = server.connect();
  REQUIRE(client.send(get("/LOCK/key/me?lock_timeout=60")).answer().status == 200);
  for (std::string version : {"HTTP/1.0", "HTTP/1.1"})
    for (std::string target :
         {"/", "*", "/PING", "/LOCK/key/me", "/v1/locks/key", "/healthz", "/terraform/key"}) {
      CAPTURE(version, target);
      auto answer = server.connect().send(request("OPTIONS", target, version)).answer();
      CHECK(answer.status == 200);
      CHECK(answer["allow"].ends_with(", OPTIONS"));
      CHECK(answer.body.empty());
    }
  CHECK(client.send(request("OPTIONS", "/nothing", "HTTP/1.1")).answer().status == 404);
  for (auto target : {"/PING", "/CHECK/key", "/VERIFY/key/me", "/healthz", "/readyz"}) {
    CAPTURE(target);
    auto whole = client.send(request("GET", target, "HTTP/1.1")).answer();
    auto head = client.send(request("HEAD", target, "HTTP/1.1")).answer_to_head();
    CHECK(whole.status == 200);
    CHECK(head.status == 200);
    CHECK(head["content-length"] == std::to_string(whole.body.size()));
  }
  CHECK(server->count().holders == 1);
}

TEST_CASE("no answer may be kept by a cache", "[net]") {
  running_server server;
  auto client = server.connect();
  for (auto target : {"/LOCK/key/me?lock_timeout=60", "/PING", "/nothing", "/v1/locks/key", "/v1/x",
                      "/terraform/key", "/openapi.yaml", "/LOCK/%zz/me"}) {
    CAPTURE(target);
    CHECK(client.send(get(target)).answer()["cache-control"] == "no-store");
  }
  CHECK(client.send("\x01").answer()["cache-control"] == "no-store");
}

TEST_CASE("an answer to HEAD has no body, whatever was wrong", "[net]") {
  running_server server;
  for (std::string wrong :
       {"Content-Length: 5\r\n\r\nhello", "Name : x\r\n\r\n", "Transfer-Encoding: gzip\r\n\r\n",
        "Expect: x\r\n\r\n", "Sec-Fetch-Site: cross-site\r\n\r\n"})
    for (std::string target : {"/PING", "/v1/locks"}) {
      CAPTURE(wrong, target);
      auto client = server.connect();
      client.send("HEAD " + target + " HTTP/1.1\r\nHost: localhost\r\n" + wrong);
      auto answer = client.answer_to_head();
      CHECK(answer.status >= 400);
      if (target == "/v1/locks" && wrong.starts_with("Content-Length"))
        continue; // that is read, and the connection kept
      CHECK(client.closes());
    }
}

TEST_CASE("100 Continue is for HTTP/1.1, and for bodies that are not refused already", "[net]") {
  running_server server;
  auto ask = [&](std::string_view first, std::string_view headers) {
    auto client = server.connect();
    client.send(std::string{first} + "\r\nHost: localhost\r\nContent-Length: 14\r\n"
                + std::string{headers} + "\r\n");
    return client;
  };
  std::string json = "Content-Type: application/json\r\nExpect: 100-continue\r\n";
  auto good = ask("POST /v1/locks/a HTTP/1.1", json);
  CHECK(good.line() == "HTTP/1.1 100 Continue\r\n");
  CHECK(good.line() == "\r\n");
  CHECK(good.send(R"({"owner":"me"})").answer().status == 200);
  auto old = ask("POST /v1/locks/b HTTP/1.0", json);
  CHECK(old.send(R"({"owner":"me"})").answer().status == 200);
  CHECK(ask("PATCH /v1/locks/a HTTP/1.1", json).answer().status == 501);
  CHECK(ask("POST /v1/locks HTTP/1.1", json).answer().status == 405);
  CHECK(ask("POST /v1/none HTTP/1.1", json).answer().status == 404);
  CHECK(ask("GET /v1/locks/a HTTP/1.1", json).answer().status == 400);
  CHECK(ask("OPTIONS /v1/locks/a HTTP/1.1", json).answer().status == 400);
  CHECK(ask("GET /terraform/a HTTP/1.1", json).answer().status == 405);
  CHECK(ask("LOCK /terraform/a HTTP/1.1", "Expect: 100-continue\r\n").answer().status == 415);
  auto late = ask("POST /v1/locks/a HTTP/1.1", "Expect: 100-continue\r\n");
  CHECK(late.answer().status == 415);
  CHECK(late.closes());
}

TEST_CASE("HTTP/1.0 in chunks is answered and then closed", "[net]") {
  running_server server;
  auto client = server.connect();
  client.send(
    "POST /v1/locks/a HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n"
    "Content-Type: application/json\r\n\r\ne\r\n{\"owner\":\"me\"}\r\n0\r\n\r\n"
    + get("/PING"));
  auto answer = client.answer();
  CHECK(answer.status == 200);
  CHECK(answer["connection"] == "close");
  CHECK(client.closes());
}

TEST_CASE("trailer fields are no header fields", "[net]") {
  running_server server;
  auto client = server.connect();
  std::string head
    = "POST /v1/locks/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n";
  std::string body = "e\r\n{\"owner\":\"me\"}\r\n0\r\n";
  client.send(head + "\r\n" + body + "Content-Type: application/json\r\n\r\n");
  CHECK(client.answer().status == 415);
  client.send(head + "Content-Type: application/json\r\n\r\n" + body
              + "Content-Type: text/plain\r\nConnection: close\r\n\r\n");
  CHECK(client.answer().status == 200);
  CHECK(client.send(get("/PING")).answer().status == 200);
}

TEST_CASE("long trailers and extensions are refused at once", "[net]") {
  running_server server{{.header_timeout = 100s}};
  std::string head
    = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t size : {20'000, 65'534, 200'000}) {
    auto field = "X: " + repeat("a", size);
    CHECK(server.connect().send(head + "0\r\n" + field + "\r\n\r\n").answer().status == 431);
    CHECK(server.connect().send(head + "1;a=\"" + repeat("a", size)).answer().status == 400);
  }
  CHECK(server.connect().send(head + "1;a=\"\r\n").answer().status == 400);
  CHECK(server.connect().send(get("/PING", "Connection: close\r\n")).answer().status == 200);
}

// -- browsers -------------------------------------------------------------------

TEST_CASE("what a browser sends for pages of other sites is refused", "[net]") {
  running_server server;
  auto client = server.connect();
  for (std::string site : {"cross-site", "same-site"})
    for (std::string target : {"/LOCK/key/me", "/v1/locks", "/terraform/key"}) {
      CAPTURE(site, target);
      auto x = server.connect();
      auto answer = x.send(get(target, "Sec-Fetch-Site: " + site + "\r\n")).answer();
      CHECK(answer.status == 403);
      CHECK(answer["connection"] == "close");
      if (target != "/LOCK/key/me")
        CHECK(answer.body.find("\"cross_site\"") != std::string::npos);
      CHECK(x.closes());
    }
  CHECK(server->count().keys == 0);
  for (std::string site : {"same-origin", "none"})
    CHECK(client.send(get("/PING", "Sec-Fetch-Site: " + site + "\r\n")).answer().status == 200);
}

TEST_CASE("a server for this machine is not called by another name", "[net]") {
  running_server server;
  auto status_for = [&](const std::string& host, std::string_view target = "/PING") {
    auto bytes = "GET " + std::string{target} + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
    return server.connect().send(bytes).answer().status;
  };
  for (auto host : {"localhost", "LOCALHOST:1", "a.localhost", "localhost.", "127.0.0.1:8004",
                    "127.1.2.3", "[::1]:80", ""})
    CHECK(status_for(host) == 200);
  for (auto host : {"evil.example", "localhost.evil.example", "evillocalhost", "127.0.0.1.example",
                    "10.0.0.1", "[::2]", "0.0.0.0", "1"})
    CHECK(status_for(host) == 403);
  // The target's host counts, if it has one.
  CHECK(status_for("localhost", "http://evil.example/PING") == 403);
  CHECK(status_for("evil.example", "http://localhost/PING") == 200);
  auto v1 = server.connect().send("GET /v1/locks HTTP/1.1\r\nHost: a\r\n\r\n").answer();
  CHECK(v1.body.find("\"host_not_allowed\"") != std::string::npos);
  // These are no browsers.
  CHECK(server.connect().send("GET /PING HTTP/1.0\r\n\r\n").answer().status == 200);
  CHECK(server.connect().send("GET /PING\n\n").rest() == "1\n");
}

TEST_CASE("other names for the server are allowed by its settings", "[net]") {
  running_server some{{.allowed_hosts = "Locks.example, [fd00::7],10.0.0.7"}};
  running_server any{{.allowed_hosts = "*"}};
  running_server everywhere{{.host = "0.0.0.0"}};
  for (auto host : {"locks.example:80", "LOCKS.EXAMPLE", "[fd00::7]", "10.0.0.7:1"}) {
    auto bytes = "GET /PING HTTP/1.1\r\nHost: " + std::string{host} + "\r\n\r\n";
    CHECK(some.connect().send(bytes).answer().status == 200);
    CHECK(any.connect().send(bytes).answer().status == 200);
    CHECK(everywhere.connect().send(bytes).answer().status == 200);
  }
  auto other = "GET /PING HTTP/1.1\r\nHost: x.locks.example\r\n\r\n";
  CHECK(some.connect().send(other).answer().status == 403);
  CHECK(some.connect().send(get("/PING")).answer().status == 200); // localhost
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
  auto text = std::string{"GET "} + target + version
              + (version == std::string{} ? "\r\n\r\n" : "\r\nHost: localhost\r\n\r\n");
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
