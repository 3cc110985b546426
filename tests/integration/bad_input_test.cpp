// What no good client sends: it is refused as documented, changes no lock,
// leaves nothing behind, and disturbs nobody else.
#include "tests/support/catch.hpp"
#include "tests/support/running_server.hpp"

#include <chrono>
#include <string>
#include <string_view>

using namespace lockserver;
using namespace std::chrono_literals;
using namespace test;

namespace {

// A server that someone else uses well: who goes on undisturbed, with a lock
// that is still held, when the test is over.
class used_server : public running_server {
public:
  explicit used_server(settings config = {}) : running_server(config), other_(connect()) {
    REQUIRE(is_expiry(other_.send(get("/LOCK/held/other?lock_timeout=60")).answer().body));
  }

  void check_unharmed() {
    CHECK(other_.send(get("/VERIFY/held/other")).answer().body == "1\n");
    CHECK(gets_connections(1));
    CHECK((*this)->count().holders == 1);
    CHECK((*this)->count().keys == 1);
    CHECK((*this)->count().waiters == 0);
  }

private:
  raw_client other_;
};

// Sends `bytes`, which must be refused with `status` and the connection closed.
void check_refused(used_server& server, std::string_view bytes, int status) {
  auto client = server.connect();
  auto answer = client.send(bytes).answer();
  CHECK(answer.status == status);
  CHECK(answer.body == "0\n");
  CHECK(!answer["lockserver-error"].empty());
  CHECK(answer["connection"] == "close");
  CHECK(client.closes());
  client.close();
  server.check_unharmed();
}

// The same for a target of HTTP/1.1, after which the connection is kept.
void check_target_refused(used_server& server, const std::string& target, int status) {
  CAPTURE(target);
  auto client = server.connect();
  auto answer = client.send(get(target)).answer();
  CHECK(answer.status == status);
  CHECK(answer.body == "0\n");
  CHECK(!answer["lockserver-error"].empty());
  CHECK(client.send(get("/PING")).answer().body == "1\n");
  client.close();
  if (target.starts_with('/'))
    CHECK(server.connect().send("GET " + target + "\n\n").rest() == "0\n");
  server.check_unharmed();
}

} // namespace

TEST_CASE("garbage instead of HTTP is refused", "[net]") {
  used_server server;
  SECTION("binary") {
    check_refused(server, std::string_view{"\x00\x01\x02\xff\xfe", 5}, 400);
  }
  SECTION("a megabyte of it") {
    check_refused(server, repeat("\xab\xcd", 512 * 1024), 400);
  }
  SECTION("a word") {
    check_refused(server, "hello\n", 400);
  }
  SECTION("words") {
    check_refused(server, "hello world how are you\r\n", 400);
  }
}

TEST_CASE("a request line that does not end is refused", "[net]") {
  used_server server;
  check_refused(server, "GET /LOCK/" + repeat("k", 1024 * 1024), 414);
  check_refused(server, get("/CHECK/" + repeat("k", 9 * 1024)), 414);
  CHECK(server.connect().send("GET /CHECK/" + repeat("k", 8200) + "\n\n").rest() == "0\n");
}

TEST_CASE("headers without end are refused", "[net]") {
  used_server server;
  auto many = repeat("Name: value\r\n", 10'000);
  auto long_one = "Name: " + repeat("x", 17 * 1024) + "\r\n";
  check_refused(server, "GET /LOCK/key/me HTTP/1.1\r\nHost: localhost\r\n" + many, 431);
  check_refused(server, "GET /LOCK/key/me HTTP/1.1\r\nHost: localhost\r\n" + long_one, 431);
  check_refused(server, get("/LOCK/key/me", long_one), 431);
}

TEST_CASE("a body is refused, and what follows is not taken for a request", "[net]") {
  used_server server;
  auto next = get("/LOCK/key/me");
  auto size = std::to_string(next.size());
  check_refused(server, get("/LOCK/key/me", "Content-Length: " + size + "\r\n") + next, 400);
  check_refused(server, get("/LOCK/key/me", "Content-Length: 100000000\r\n"), 400);
  check_refused(server,
                get("/LOCK/key/me", "Transfer-Encoding: chunked\r\n") + "2\r\nab\r\n0\r\n\r\n",
                400);
  check_refused(server,
                "POST /LOCK/key/me HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody",
                400);
}

TEST_CASE("a malformed head is refused", "[net]") {
  used_server server;
  auto bytes
    = GENERATE(as<std::string>{}, //
               "GET /LOCK/key/me HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n",
               "GET /LOCK/key/me HTTP/1.1\r\nHost: localhost\r\n: nameless\r\n\r\n",
               "GET /LOCK/key/me HTTP/1.1\r\nHost: localhost\r\nName : value\r\n\r\n",
               "GET /LOCK/key/me HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
               "GET /LOCK/key/me HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
               "GET /LOCK/key/me HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
               "0\r\nContent-Length: 9\r\n\r\n",
               "GET /LOCK/key/me HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
               "Transfer-Encoding: chunked\r\n\r\n",
               "GET  /LOCK/key/me HTTP/1.1\r\nHost: localhost\r\n\r\n",
               "GET /LOCK/key me HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET HTTP/1.1\r\n\r\n",
               "GET /LOCK/key/me HTTP/1.1\n\n", "GET /LOCK/key/me HTTP/1.0\nName: x\n\n",
               "GE\tT /LOCK/key/me HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CAPTURE(bytes);
  check_refused(server, bytes, 400);
}

TEST_CASE("what is nearly a version of HTTP is not taken for HTTP/0.9", "[net]") {
  used_server server;
  for (std::string line :
       {"GET /LOCK/key/me HTTP/1.1 ", "GET /LOCK/key/me http/1.1", "GET /LOCK/key/me HTTP/10.0",
        "GET /LOCK/key/me HTTP/1", "GET /LOCK/key/me\tHTTP/1.1", "GET /LOCK/key HTTP/1.1 x",
        "PUT /LOCK/key/me", "LOCK/key/me", "GET LOCK/key/me", "GET http://localhost/LOCK/key/me",
        "EHLO x", "get /LOCK/key/me"})
    check_refused(server, line + "\r\n\r\n", 400);
  for (std::string version : {"HTTP/2.0", "HTTP/0.9", "HTTP/3.1"})
    check_refused(server, "GET /LOCK/key/me " + version + "\r\n\r\n", 505);
}

TEST_CASE("HTTP/0.9 begins a connection or is none", "[net]") {
  used_server server;
  auto client = server.connect();
  client.send(get("/PING") + "GET /LOCK/key/me\n\n");
  CHECK(client.answer().status == 200);
  CHECK(client.answer().status == 400);
  CHECK(client.closes());
  client.close();
  server.check_unharmed();
}

TEST_CASE("a wish that cannot be met is refused", "[net]") {
  used_server server;
  auto client = server.connect();
  CHECK(client.send(get("/LOCK/key/me", "Expect: a miracle\r\n")).answer().status == 417);
  client.close();
  server.check_unharmed();
}

TEST_CASE("what is no name is refused", "[net]") {
  used_server server;
  auto name = GENERATE(as<std::string>{}, //
                       "", "%00", "a%00b", "a%0Ab", "%1F", "%7F", "%C2%80", "%C2%9F", "%FF", "%C3",
                       "%C3%28", "%C0%AF", "%E0%80%AF", "%ED%A0%80", "%F4%90%80%80",
                       "%F8%88%80%80%80", "%80");
  for (std::string verb : {"LOCK", "UNLOCK", "VERIFY"}) {
    check_target_refused(server, "/" + verb + "/" + name + "/me", 400);
    check_target_refused(server, "/" + verb + "/key/" + name, 400);
  }
  check_target_refused(server, "/CHECK/" + name, 400);
}

TEST_CASE("a name of more than 512 bytes is refused", "[net]") {
  used_server server;
  for (auto name :
       {repeat("k", 513), repeat("%6b", 513), repeat("%E2%82%AC", 171), repeat("k", 4000)}) {
    check_target_refused(server, "/LOCK/" + name + "/me", 400);
    check_target_refused(server, "/LOCK/key/" + name, 400);
    check_target_refused(server, "/CHECK/" + name, 400);
  }
}

TEST_CASE("wrong escapes are refused", "[net]") {
  used_server server;
  for (auto name : {"%", "%4", "%zz", "a%g0", "%%41", "100%"}) {
    CAPTURE(name);
    auto answer = server.request(std::string{"/LOCK/"} + name + "/me");
    CHECK(answer.status == 400);
    CHECK(answer.body == "0\n");
  }
  server.check_unharmed();
}

TEST_CASE("bytes that are not UTF-8 are refused, escaped or not", "[net]") {
  used_server server;
  CHECK(server.connect().send("GET /LOCK/\xFF\xFE/me\n\n").rest() == "0\n");
  CHECK(server.connect().send("GET /LOCK/key\x01/me\n\n").rest() == "0\n");
  CHECK(server.connect().send("GET /LOCK/key/\xC3\n\n").rest() == "0\n");
  check_refused(server, "GET /LOCK/key\x01/me HTTP/1.1\r\nHost: localhost\r\n\r\n", 400);
  server.check_unharmed();
}

TEST_CASE("an unknown path is not found", "[net]") {
  used_server server;
  for (auto target : {"/", "/lock/key/me", "/LOCKS/key/me", "/v1", "/favicon.ico", "*",
                      "//LOCK/key/me", "LOCK/key/me", "/%4COCK/key/me"})
    check_target_refused(server, target, 404);
}

TEST_CASE("with a body an unknown path is not found, and a wrong method is wrong", "[net]") {
  used_server server;
  std::string rest = " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}";
  check_refused(server, "POST /v2/locks/key" + rest, 404);
  check_refused(server, "PUT /PING" + rest, 405);
  check_refused(server, "DELETE /LOCK/key/me" + rest, 405);
  check_refused(server, "POST /LOCK/key/me" + rest, 400);
}

TEST_CASE("a path with too few or too many names is refused", "[net]") {
  used_server server;
  for (auto target : {"/LOCK", "/LOCK/", "/LOCK/key", "/LOCK/key/", "/LOCK/key/me/",
                      "/LOCK/key/me/too", "/LOCK/a/b/c/d", "/CHECK", "/CHECK/key/me", "/UNLOCK/key",
                      "/VERIFY/key", "/PING/", "/PING/key", "/SHUTDOWN/now"})
    check_target_refused(server, target, 400);
}

TEST_CASE("times that make no sense are refused", "[net]") {
  used_server server{{.max_lock_timeout = 100s, .max_lock_attempt_timeout = 10s}};
  auto query = GENERATE(
    as<std::string>{}, //
    "lock_timeout=0", "lock_timeout=-1", "lock_timeout=", "lock_timeout", "lock_timeout=abc",
    "lock_timeout=1e3", "lock_timeout=0x10", "lock_timeout=nan", "lock_timeout=inf",
    "lock_timeout=100.000001", "lock_timeout=99999999999999999999999999", "lock_timeout=1s",
    "lock_timeout=.", "lock_timeout=1.", "lock_timeout=1.5.5", "lock_timeout=+1",
    "lock_timeout=%31", "lock_timeout=1,5", "lock_timeout=9223372036854775807",
    "lock_timeout=0.0000001", "lock_timeout=1&lock_timeout=1", "lock_attempt_timeout=-1",
    "lock_attempt_timeout=-0.1", "lock_attempt_timeout=11", "lock_attempt_timeout=x",
    "lock_attempt_timeout=4294967296", "lock_timout=1", "&lock_timeout=1", "lock_timeout=1&x=2");
  check_target_refused(server, "/LOCK/key/me?" + query, 400);
}

TEST_CASE("only a lock has parameters", "[net]") {
  used_server server;
  for (std::string target : {"/UNLOCK/held/other", "/VERIFY/held/other", "/CHECK/held", "/PING"})
    check_target_refused(server, target + "?lock_timeout=1", 400);
}

TEST_CASE("a refused request does not harm those before and after it", "[net]") {
  used_server server;
  auto client = server.connect();
  client.send(get("/LOCK/key/me?lock_timeout=60") + get("/LOCK/%zz/me") + get("/nothing")
              + get("/UNLOCK/key/me"));
  CHECK(is_expiry(client.answer().body));
  CHECK(client.answer().status == 400);
  CHECK(client.answer().status == 404);
  CHECK(client.answer().body == "1\n");
}

TEST_CASE("what follows a request that cannot be read is not carried out", "[net]") {
  used_server server;
  auto client = server.connect();
  client.send(get("/PING") + "\x01\r\n\r\n" + get("/UNLOCK/held/other"));
  CHECK(client.answer().body == "1\n");
  CHECK(client.answer().status == 400);
  CHECK(client.closes());
  client.close();
  server.check_unharmed();
}
