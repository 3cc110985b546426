#include "net/http/http_answer.hpp"

#include "tests/support/catch.hpp"

#include <string>

using lockserver::http_answer;
using lockserver::http_version;

namespace {

std::string text(const http_answer& x) {
  std::string result;
  lockserver::append(result, x);
  return result;
}

// The same with the date's value cut out, which depends on the clock.
std::string dateless(const http_answer& x) {
  auto result = text(x);
  auto begin = result.find("\r\nDate: ");
  REQUIRE(begin != std::string::npos);
  auto end = result.find("\r\n", begin + 2);
  REQUIRE(end != std::string::npos);
  return result.erase(begin, end - begin);
}

} // namespace

TEST_CASE("an answer to HTTP/1.1 has a status, a type, a length and the body") {
  CHECK(dateless({.content = {.body = "1\n"}})
        == "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Type: "
           "text/plain\r\nContent-Length: 2\r\n\r\n1\n");
}

TEST_CASE("who is not known is told how to say who he is") {
  CHECK(dateless({.content = {.status = 401, .body = "0\n"}})
        == "HTTP/1.1 401 Unauthorized\r\nCache-Control: no-store\r\n"
           "WWW-Authenticate: Basic realm=\"lockserver\", Bearer\r\n"
           "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n0\n");
  CHECK(text({.content = {.status = 403, .body = "0\n"}}).find("WWW-Authenticate")
        == std::string::npos);
}

TEST_CASE("the date is in the form that HTTP prefers") {
  auto answer = text({.content = {.body = "1\n"}});
  auto begin = answer.find("Date: ");
  REQUIRE(begin != std::string::npos);
  // "Date: Sun, 13 Nov 2016 01:20:00 GMT"
  auto line = answer.substr(begin, answer.find("\r\n", begin) - begin);
  CHECK(line.size() == 35);
  CHECK(line.substr(9, 2) == ", ");
  CHECK(line.ends_with(" GMT"));
}

TEST_CASE("an answer to HTTP/0.9 is the body alone, whatever else is to say") {
  CHECK(text({.content = {.body = "1\n"}, .version = http_version::v0_9}) == "1\n");
  CHECK(text({.content = {.status = 400, .body = "0\n", .reason = "key is empty"},
              .version = http_version::v0_9,
              .keep_alive = false})
        == "0\n");
}

TEST_CASE("an answer says whether the connection stays, if the version does not say it") {
  CHECK(dateless({.content = {.body = "1\n"}, .keep_alive = false})
        == "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nConnection: close\r\n"
           "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n1\n");
  CHECK(dateless({.content = {.body = "1\n"}, .version = http_version::v1_0, .keep_alive = true})
        == "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nConnection: keep-alive\r\n"
           "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n1\n");
  CHECK(dateless({.content = {.body = "1\n"}, .version = http_version::v1_0, .keep_alive = false})
        == "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nConnection: close\r\n"
           "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n1\n");
}

TEST_CASE("a refusal says why") {
  CHECK(
    dateless({.content = {.status = 400, .body = "0\n", .reason = "key is empty"}})
    == "HTTP/1.1 400 Bad Request\r\nCache-Control: no-store\r\nLockserver-Error: key is empty\r\n"
       "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n0\n");
}

TEST_CASE("an answer to a wrong method says which methods there are") {
  CHECK(dateless({.content = {.status = 405, .body = "0\n", .reason = "no", .allow = "GET, POST"}})
        == "HTTP/1.1 405 Method Not Allowed\r\nCache-Control: no-store\r\nLockserver-Error: "
           "no\r\nAllow: GET, POST\r\n"
           "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n0\n");
}

TEST_CASE("every status that the server uses has its name") {
  auto first_line = [](int status) {
    auto answer = text({.content = {.status = status, .body = "0\n", .reason = "no"}});
    return answer.substr(0, answer.find("\r\n"));
  };
  CHECK(first_line(404) == "HTTP/1.1 404 Not Found");
  CHECK(first_line(414) == "HTTP/1.1 414 URI Too Long");
  CHECK(first_line(417) == "HTTP/1.1 417 Expectation Failed");
  CHECK(first_line(429) == "HTTP/1.1 429 Too Many Requests");
  CHECK(first_line(431) == "HTTP/1.1 431 Request Header Fields Too Large");
  CHECK(first_line(503) == "HTTP/1.1 503 Service Unavailable");
}

TEST_CASE("an answer to HEAD has the length of the body but not the body") {
  CHECK(dateless({.content = {.status = 405, .body = "0\n", .reason = "no", .allow = "GET, POST"},
                  .without_body = true})
        == "HTTP/1.1 405 Method Not Allowed\r\nCache-Control: no-store\r\nLockserver-Error: "
           "no\r\nAllow: GET, POST\r\n"
           "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n");
}

TEST_CASE("answers are appended one after the other") {
  std::string out = "1\n";
  lockserver::append(out, {.content = {.body = "0\n"}, .version = http_version::v0_9});
  lockserver::append(out,
                     {.content = {.body = "1479000000.123456\n"}, .version = http_version::v0_9});
  CHECK(out == "1\n0\n1479000000.123456\n");
}
