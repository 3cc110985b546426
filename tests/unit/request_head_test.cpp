#include "net/http/request_head.hpp"

#include "tests/support/catch.hpp"

#include <string>

using lockserver::head_reader;
using lockserver::http_version;
using status = lockserver::head_reader::status;

namespace {

const std::string full = "GET /LOCK/k/me HTTP/1.1\r\nHost: x\r\n\r\n";

// Reads a whole request at once.
struct read_once {
  explicit read_once(std::string bytes) : input(std::move(bytes)), result(reader.read(input)) {
  }
  std::string input;
  head_reader reader;
  status result;
};

bool complete(const std::string& bytes) {
  return read_once{bytes}.result == status::complete;
}

bool incomplete(const std::string& bytes) {
  return read_once{bytes}.result == status::incomplete;
}

// The HTTP status of the error, or 0 when it is none.
int error_of(const std::string& bytes) {
  read_once x{bytes};
  if (x.result != status::error)
    return 0;
  CHECK(!x.reader.error().reason.empty());
  CHECK(x.reader.error().reason.find_first_of("\r\n") == std::string::npos);
  return x.reader.error().status;
}

bool keeps_alive(const std::string& bytes) {
  read_once x{bytes};
  REQUIRE(x.result == status::complete);
  return x.reader.head().keep_alive;
}

bool has_body(const std::string& bytes) {
  read_once x{bytes};
  REQUIRE(x.result == status::complete);
  return x.reader.head().has_body;
}

std::string target_of(const std::string& bytes) {
  read_once x{bytes};
  REQUIRE(x.result == status::complete);
  return std::string{x.reader.head().target};
}

// A request whose head has `size` bytes.
std::string head_of(std::size_t size) {
  std::string result = "GET / HTTP/1.1\r\nHost:\r\nX: ";
  result.append(size - result.size() - 4, 'x');
  return result + "\r\n\r\n";
}

} // namespace

// -- HTTP/1 -------------------------------------------------------------------

TEST_CASE("the head of an HTTP/1.1 request is found, and what follows is left alone") {
  read_once x{full + "GET /PING HTTP/1.1\r\n"};
  REQUIRE(x.result == status::complete);
  CHECK(x.reader.size() == full.size());
  CHECK(x.reader.head().version == http_version::v1_1);
  CHECK(x.reader.head().method == "GET");
  CHECK(x.reader.head().target == "/LOCK/k/me");
  CHECK(x.reader.head().keep_alive);
  CHECK(!x.reader.head().has_body);
}

TEST_CASE("a head that comes byte by byte is complete with its last byte and not before") {
  for (auto& bytes : {full, std::string{"GET / HTTP/1.0\r\n\r\n"}, std::string{"GET /PING\n"},
                      std::string{"GET /PING\r\n"}}) {
    head_reader reader;
    CHECK(reader.at_start());
    for (std::size_t n = 1; n < bytes.size(); ++n) {
      CHECK(reader.read(std::string_view{bytes}.substr(0, n)) == status::incomplete);
      CHECK(!reader.at_start());
    }
    CHECK(reader.read(bytes) == status::complete);
    CHECK(reader.size() == bytes.size());
  }
}

TEST_CASE("a head may be cut anywhere, and its bytes may move meanwhile") {
  for (std::size_t cut = 1; cut < full.size(); ++cut) {
    head_reader reader;
    CHECK(reader.read(std::string{full.substr(0, cut)}) == status::incomplete);
    auto elsewhere = full;
    REQUIRE(reader.read(elsewhere) == status::complete);
    CHECK(reader.head().method == "GET");
    CHECK(reader.head().target == "/LOCK/k/me");
  }
}

TEST_CASE("one reader reads request after request") {
  head_reader reader;
  for (auto& bytes : {full, std::string{"POST /PING HTTP/1.0\r\n\r\n"}, full}) {
    REQUIRE(reader.read(bytes) == status::complete);
    CHECK(reader.size() == bytes.size());
    reader.reset();
    CHECK(reader.at_start());
  }
  CHECK(reader.head().version == http_version::v1_1);
  CHECK(reader.read("GET /PING\n") == status::error);
}

TEST_CASE("HTTP/1.1 goes on unless told otherwise, HTTP/1.0 does not unless told so") {
  CHECK(keeps_alive("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  CHECK(!keeps_alive("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  CHECK(!keeps_alive("GET / HTTP/1.1\r\nHost: x\r\nconnection: foo, CLOSE\r\n\r\n"));
  CHECK(!keeps_alive("GET / HTTP/1.0\r\n\r\n"));
  CHECK(keeps_alive("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
}

TEST_CASE("HTTP/1.0 is told apart from HTTP/1.1") {
  read_once x{"GET / HTTP/1.0\r\n\r\n"};
  CHECK(x.reader.head().version == http_version::v1_0);
}

TEST_CASE("methods are passed on as they are") {
  for (std::string method : {"HEAD", "POST", "OPTIONS", "DELETE", "get", "BREW"}) {
    read_once x{method + " / HTTP/1.1\r\nHost: x\r\n\r\n"};
    REQUIRE(x.result == status::complete);
    CHECK(x.reader.head().method == method);
  }
}

TEST_CASE("of a target in absolute form only the path and the query count") {
  CHECK(target_of("GET http://host:8004/CHECK/k HTTP/1.1\r\nHost: x\r\n\r\n") == "/CHECK/k");
  CHECK(target_of("GET HTTP://host/LOCK/k/o?lock_timeout=1 HTTP/1.1\r\nHost: x\r\n\r\n")
        == "/LOCK/k/o?lock_timeout=1");
  CHECK(target_of("GET HTTP://host/CHECK/k HTTP/1.1\r\nHost: x\r\n\r\n") == "/CHECK/k");
  CHECK(target_of("GET http://host HTTP/1.1\r\nHost: x\r\n\r\n") == "/");
  CHECK(target_of("GET http://host?a=/b HTTP/1.1\r\nHost: x\r\n\r\n") == "?a=/b");
  CHECK(target_of("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n") == "*");
}

TEST_CASE("a target may have raw UTF-8 in it") {
  CHECK(target_of("GET /CHECK/\xC3\xA4 HTTP/1.1\r\nHost: x\r\n\r\n") == "/CHECK/\xC3\xA4");
}

TEST_CASE("a body is seen before it comes") {
  CHECK(!has_body("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"));
  CHECK(has_body("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"));
  CHECK(has_body("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551615\r\n\r\n"));
  CHECK(has_body("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"));
}

TEST_CASE("a body of unknown length is never taken for the next request") {
  // RFC 9112, 6.3: nobody knows where it ends.
  CHECK(error_of("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n") == 400);
  CHECK(error_of("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n") == 400);
  CHECK(error_of("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n") == 400);
  CHECK(error_of("POST / HTTP/1.0\r\nTransfer-Encoding: identity\r\n\r\n") == 400);
}

TEST_CASE("a body whose length is told in two ways is refused") {
  auto both = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n";
  CHECK(error_of(std::string{"POST / HTTP/1.1\r\nHost: x\r\n"} + both) == 400);
  CHECK(error_of(
          "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n")
        == 400);
  CHECK(error_of("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n")
        == 400);
  CHECK(error_of("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n") == 400);
  CHECK(error_of("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5x\r\n\r\n") == 400);
}

TEST_CASE("100-continue may be expected and nothing else") {
  CHECK(
    complete("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n"));
  CHECK(error_of("POST / HTTP/1.1\r\nHost: x\r\nExpect: a miracle\r\n\r\n") == 417);
}

TEST_CASE("what is malformed is refused") {
  CHECK(error_of("GET  / HTTP/1.1\r\nHost: x\r\n\r\n") == 400);
  CHECK(error_of("GET /a b HTTP/1.1\r\nHost: x\r\n\r\n") == 400);
  CHECK(error_of("GET HTTP/1.1\r\nHost: x\r\n\r\n") == 400);
  CHECK(error_of("GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n") == 400);
  CHECK(error_of("GET / HTTP/1.1\r\nHost: x\r\nSpace : x\r\n\r\n") == 400);
  CHECK(error_of(std::string{"GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n", 35}) == 400);
  CHECK(error_of("GET / HTTP/1.1\r\nHost: x\r\nX: a\nb\r\n\r\n") == 400);
}

TEST_CASE("lines of HTTP/1 must not end in a bare LF") {
  CHECK(error_of("GET / HTTP/1.1\n") == 400);
  CHECK(error_of("GET / HTTP/1.0\nHost: x\n\n") == 400);
}

TEST_CASE("what does not start like HTTP is refused with its first byte") {
  CHECK(error_of("\x16") == 400); // TLS
  CHECK(error_of("\r") == 400);
  CHECK(error_of(" GET / HTTP/1.1\r\nHost: x\r\n\r\n") == 400);
  CHECK(error_of("\xFF") == 400);
  CHECK(error_of(std::string{"\0", 1}) == 400);
  CHECK(incomplete(""));
}

// -- what else there is in a head ----------------------------------------------

TEST_CASE("HTTP/1.1 names its host once, HTTP/1.0 may") {
  auto host_of = [](const std::string& bytes) {
    read_once x{bytes};
    REQUIRE(x.result == status::complete);
    return std::string{x.reader.head().host};
  };
  CHECK(host_of("GET / HTTP/1.1\r\nHost: a.example:8004\r\n\r\n") == "a.example:8004");
  CHECK(host_of("GET / HTTP/1.1\r\nhOST:[::1]\r\n\r\n") == "[::1]");
  CHECK(host_of("GET / HTTP/1.1\r\nHost:\r\n\r\n") == "");
  CHECK(host_of("GET / HTTP/1.0\r\n\r\n") == "");
  CHECK(error_of("GET / HTTP/1.1\r\n\r\n") == 400);
  CHECK(error_of("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n") == 400);
  for (std::string wrong :
       {"a b", "a, b", "a/b", "u@a", "a:b", "[::1", "::1", "http://a", "%zz", "\"a\""})
    CHECK(error_of("GET / HTTP/1.0\r\nHost: " + wrong + "\r\n\r\n") == 400);
  // RFC 9112, 3.2.2: the host of an absolute target counts, whatever Host says.
  CHECK(host_of("GET http://a:1/k HTTP/1.1\r\nHost: b\r\n\r\n") == "a:1");
  CHECK(host_of("GET HTTP://a?x HTTP/1.0\r\n\r\n") == "a");
}

TEST_CASE("the type of a body is told once") {
  read_once x{"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: a/b;c=d \r\nContent-Length: 7\r\n\r\n"};
  REQUIRE(x.result == status::complete);
  CHECK(x.reader.head().content_type == "a/b;c=d");
  CHECK(x.reader.head().content_length == 7);
  CHECK(!x.reader.head().chunked);
}

TEST_CASE("a browser tells that a page of another site asks") {
  auto is_strange = [](const std::string& value) {
    read_once x{"GET / HTTP/1.1\r\nHost: x\r\nsec-fetch-site: " + value + "\r\n\r\n"};
    REQUIRE(x.result == status::complete);
    return x.reader.head().from_other_site;
  };
  CHECK(is_strange("cross-site"));
  CHECK(is_strange("Same-Site"));
  CHECK(!is_strange("same-origin"));
  CHECK(!is_strange("none"));
}

TEST_CASE("what a head says does not stay for the next") {
  head_reader reader;
  REQUIRE(reader.read("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Type: a/b\r\n"
                      "Sec-Fetch-Site: cross-site\r\nContent-Length: 1\r\n\r\n")
          == status::complete);
  reader.reset();
  REQUIRE(reader.read("GET / HTTP/1.0\r\n\r\n") == status::complete);
  auto& head = reader.head();
  CHECK(head.host.empty());
  CHECK(head.content_type.empty());
  CHECK(!head.expects_continue);
  CHECK(!head.from_other_site);
  CHECK(!head.has_body);
}

// -- HTTP/0.9 -----------------------------------------------------------------

TEST_CASE("an HTTP/0.9 request is one line that ends in LF or CR LF") {
  for (std::string end : {"\n", "\r\n"}) {
    read_once x{"GET /LOCK/KEY1/LOCKER1" + end + end};
    REQUIRE(x.result == status::complete);
    CHECK(x.reader.head().version == http_version::v0_9);
    CHECK(x.reader.head().method == "GET");
    CHECK(x.reader.head().target == "/LOCK/KEY1/LOCKER1");
    CHECK(!x.reader.head().keep_alive);
    CHECK(!x.reader.head().has_body);
    CHECK(x.reader.size() == x.input.size() - end.size());
  }
}

TEST_CASE("an HTTP/0.9 target may have spaces") {
  CHECK(target_of("GET /LOCK/a key/my name \n") == "/LOCK/a key/my name ");
  CHECK(target_of("POST /LOCK/a key/my name \n") == "/LOCK/a key/my name ");
  CHECK(target_of("GET /LOCK/k/oHTTP/1.1\n") == "/LOCK/k/oHTTP/1.1");
  CHECK(target_of("GET /LOCK/my HTTP/proxy\n") == "/LOCK/my HTTP/proxy");
}

TEST_CASE("an HTTP/0.9 target may have any byte but LF") {
  CHECK(target_of("GET /CHECK/\xC3\xA4\xFF\r\x01\n") == "/CHECK/\xC3\xA4\xFF\r\x01");
}

TEST_CASE("a line without a space is not HTTP") {
  CHECK(error_of("HELO\n") == 400);
  CHECK(error_of("GET\r\n") == 400);
}

// -- limits -------------------------------------------------------------------

TEST_CASE("a target has at most 8192 bytes") {
  auto line = [](std::size_t size, const std::string& end) {
    return "GET /" + std::string(size - 1, 'x') + end;
  };
  CHECK(complete(line(8192, " HTTP/1.1\r\nHost: x\r\n\r\n")));
  CHECK(error_of(line(8193, " HTTP/1.1\r\nHost: x\r\n\r\n")) == 414);
  CHECK(complete(line(8192, "\n")));
  CHECK(complete(line(8192, "\r\n")));
  CHECK(error_of(line(8193, "\n")) == 414);
}

TEST_CASE("a line without an end is refused once it is too long, however it comes") {
  auto line = "GET /" + std::string(20'000, 'x');
  CHECK(incomplete(line.substr(0, 8192)));
  CHECK(error_of(line.substr(0, 8192 + 32)) == 414);
  head_reader reader;
  std::size_t n = 1;
  while (n < line.size() && reader.read(std::string_view{line}.substr(0, n)) == status::incomplete)
    ++n;
  CHECK(n == 8192 + 32);
}

TEST_CASE("a head has at most 16384 bytes") {
  CHECK(complete(head_of(16'384)));
  CHECK(error_of(head_of(16'385)) == 431);
  CHECK(incomplete(head_of(20'000).substr(0, 16'384)));
  CHECK(error_of(head_of(20'000).substr(0, 16'385)) == 431);
}

TEST_CASE("what follows a head does not count towards its size") {
  CHECK(complete(full + std::string(100'000, 'x')));
  CHECK(complete("GET /PING\n" + std::string(100'000, 'x')));
}

TEST_CASE("the error of a request says which version it has, if that is known") {
  CHECK(read_once{"GET / HTTP/1.0\r\nno colon\r\n\r\n"}.reader.head().version
        == http_version::v1_0);
  CHECK(read_once{"HELO\n"}.reader.head().version == http_version::v1_1);
  CHECK(read_once{"\x16"}.reader.head().version == http_version::v1_1);
}
