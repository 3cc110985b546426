// What HTTP asks of a server that reads requests (RFC 9110 and 9112), input by
// input: bytes in, what is read out. Where this server does something else, the
// row says why.
#include "net/http/request_body.hpp"
#include "net/http/request_head.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

using namespace lockserver;

namespace {

// Reads requests one behind the other, as a connection does, but has never more
// than `step` new bytes at a time. One line a request; "+" for one that is kept
// open after, "-" for one that is not, a status for what is refused, and "..."
// for a request that has not ended.
std::string read_all(std::string_view input, std::size_t step) {
  std::string result;
  head_reader reader;
  std::size_t begin = 0;
  for (std::size_t end = std::min(step, input.size());;) {
    auto more = [&] {
      auto size = std::min(step, input.size() - end);
      end += size;
      return size > 0;
    };
    while (reader.at_start() && begin < end && (input[begin] == '\r' || input[begin] == '\n'))
      ++begin;
    if (begin == end) {
      if (more())
        continue;
      return result;
    }
    auto status = reader.read(input.substr(begin, end - begin));
    if (status == head_reader::status::incomplete) {
      if (more())
        continue;
      return result + "...";
    }
    if (status == head_reader::status::error)
      return result + std::to_string(reader.error().status);
    auto& head = reader.head();
    result.append(head.method).append(" ").append(head.target);
    begin += reader.size();
    if (head.has_body) {
      body_reader body{head};
      while (body.now() == body_reader::status::incomplete) {
        begin += body.read(input.substr(begin, end - begin));
        if (body.now() == body_reader::status::incomplete && !more())
          return result + " ...";
      }
      if (body.now() == body_reader::status::error)
        return result + " " + std::to_string(body.error().status);
      result.append(" [").append(body.body()).append("]");
    }
    result += head.keep_alive ? "+" : "-";
    if (!head.keep_alive)
      return result;
    result += ' ';
    reader.reset();
  }
}

struct row {
  std::string in;
  std::string out;
};

// A request that differs in its fields only; those with a colon in front get
// CR LF.
std::string with(const std::string& fields, const std::string& body = "") {
  return "POST /k HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n" + body;
}

void check(const std::vector<row>& rows) {
  for (auto& [in, out] : rows) {
    CAPTURE(in);
    CHECK(read_all(in, in.size()) == out);
    CHECK(read_all(in, 1) == out);
    CHECK(read_all(in, 7) == out);
  }
}

} // namespace

TEST_CASE("RFC 9112, 2.2: lines and what is around them") {
  check({
    {"GET /k HTTP/1.1\r\nHost: x\r\n\r\n", "GET /k+ "},
    {"\r\n\r\nGET /k HTTP/1.1\r\nHost: x\r\n\r\n", "GET /k+ "},
    {"\nGET /k HTTP/1.1\r\nHost: x\r\n\r\n", "GET /k+ "},
    {"GET /a HTTP/1.1\r\nHost: x\r\n\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n",
     "GET /a+ GET /b+ "},
    {"GET /k HTTP/1.1\r\n Host: x\r\n\r\n", "400"},
    {"GET /k HTTP/1.1\r\nHost: x\r\n", "..."},
    {"GET /k HTTP/1.1\r\rHost: x\r\n\r\n", "400"},
    {with("X: a\rb\r\n"), "400"},
    {with("X: a\r\r\n"), "400"},
    {with(std::string{"X: a\0b\r\n", 8}), "400"},
    {with("X: a\x7f\r\n"), "400"},
    {"\xEF\xBB\xBFGET /k HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
    // A bare LF may be taken for a line end. It is not: proxies disagree on it.
    {"GET /k HTTP/1.1\nHost: x\n\n", "400"},
    {with("X: a\nY: b\r\n"), "400"},
    {with("X: a\n"), "400"},
    {"GET /k HTTP/1.1\r\nHost: x\r\n\n", "400"},
  });
}

TEST_CASE("RFC 9112, 2.3 and 3: the request line") {
  check({
    {"GET /k HTTP/1.2\r\nHost: x\r\n\r\n", "GET /k+ "},
    {"GET /k HTTP/1.9\r\nHost: x\r\nConnection: close\r\n\r\n", "GET /k-"},
    {"POST /k HTTP/1.5\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
     "POST /k [a]+ "},
    {"GET /k HTTP/2.0\r\nHost: x\r\n\r\n", "505"},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
    {"GET /k HTTP/0.9\r\n\r\n", "505"},
    {"GET /k HTTP/10.0\r\nHost: x\r\n\r\n", "400"},
    {"GET /k HTTP/1.10\r\nHost: x\r\n\r\n", "400"},
    {"GET /k HTTP/1\r\nHost: x\r\n\r\n", "400"},
    {"GET /k http/1.1\r\nHost: x\r\n\r\n", "400"},
    {"GET /k HTTP /1.1\r\nHost: x\r\n\r\n", "400"},
    {"GET /k HTTP/1.1 \r\nHost: x\r\n\r\n", "400"},
    {"GET /k HTTP/1.1\t\r\nHost: x\r\n\r\n", "400"},
    {"GET /k\tHTTP/1.1\r\nHost: x\r\n\r\n", "400"},
    {"GET  /k HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
    {"GET /k  HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
    {"GET /k k HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
    {"GET HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
    {" GET /k HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
    {"GET: /k HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
    {"G\xC3\x84T /k HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
    {"GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
    // Targets of no form that RFC 9112, 3.2 has are no path of any dialect: 404.
    {"GET * HTTP/1.1\r\nHost: x\r\n\r\n", "GET *+ "},
    {"GET k HTTP/1.1\r\nHost: x\r\n\r\n", "GET k+ "},
    {"M-SEARCH * HTTP/1.1\r\nHost: x\r\n\r\n", "M-SEARCH *+ "},
    {"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", "CONNECT x:80+ "},
    {"HTTP/1.1 200 OK\r\n\r\n", "400"},
    {"RTSP /k RTSP/1.0\r\n\r\n", "400"},
    // A target may have bytes that a URI must have encoded: Lock::Server's users
    // do not encode, and the dialects read the bytes the same.
    {"GET /\xC3\xA4\"<> HTTP/1.1\r\nHost: x\r\n\r\n", "GET /\xC3\xA4\"<>+ "},
    // But for the one that proxies read in two ways: as a part of the name, or its end.
    {"GET /k#k HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
    {"GET /k?q#k HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
    {"GET /k%23k HTTP/1.1\r\nHost: x\r\n\r\n", "GET /k%23k+ "},
    {"GET /k#k\n", "GET /k#k-"},
  });
}

TEST_CASE("RFC 9112, 3.2: the host, and the form of the target") {
  check({
    {"GET /k HTTP/1.1\r\n\r\n", "400"},
    {"GET /k HTTP/1.2\r\n\r\n", "400"},
    {"GET /k HTTP/1.0\r\n\r\n", "GET /k-"},
    {"GET /k HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", "400"},
    {"GET /k HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n", "400"},
    {"GET /k HTTP/1.1\r\nHost:\r\n\r\n", "GET /k+ "},
    {"GET /k HTTP/1.1\r\nHost: \t x:80 \t \r\n\r\n", "GET /k+ "},
    {"GET /k HTTP/1.1\r\nHost: 10.0.0.7.example\r\n\r\n", "GET /k+ "},
    {"GET /k HTTP/1.1\r\nHost: a_b.%41:\r\n\r\n", "GET /k+ "},
    {"GET /k HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", "GET /k+ "},
    {"GET /k HTTP/1.1\r\nHost: x y\r\n\r\n", "400"},
    {"GET /k HTTP/1.1\r\nHost: x/y\r\n\r\n", "400"},
    {"GET /k HTTP/1.1\r\nHost: u@x\r\n\r\n", "400"},
    {"GET /k HTTP/1.1\r\nHost: x:y\r\n\r\n", "400"},
    {"GET /k HTTP/1.1\r\nHost: x:80:80\r\n\r\n", "400"},
    {"GET /k HTTP/1.1\r\nHost: [::1\r\n\r\n", "400"},
    {"GET /k HTTP/1.1\r\nHost: [fe80::1%25eth0]\r\n\r\n", "400"},
    {"GET /k HTTP/1.1\r\nHost: %4\r\n\r\n", "400"},
    {"GET /k HTTP/1.1\r\nHost: \xC3\xA4\r\n\r\n", "400"},
    {"GET http://y:80/k?q HTTP/1.1\r\nHost: x\r\n\r\n", "GET /k?q+ "},
    {"GET HTTP://y HTTP/1.1\r\nHost: x\r\n\r\n", "GET /+ "},
    {"GET HTTPS://y HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
    {"GET https://y/k HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
    {"GET http://y/k HTTP/1.1\r\n\r\n", "400"},
    {"GET http://u@y/k HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
    {"GET http:///k HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
    // The host of an absolute target counts: a bad Host beside it does no harm.
    {"GET http://y/k HTTP/1.1\r\nHost: u@x\r\n\r\n", "GET /k+ "},
    {"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS *+ "},
  });
}

TEST_CASE("RFC 9112, 5: fields") {
  check({
    {with("X:a\r\nY:\r\nZ: \r\nx_y: \xFF\t!\r\n"), "POST /k+ "},
    {with("X : a\r\n"), "400"},
    {with("X\t: a\r\n"), "400"},
    {with(": a\r\n"), "400"},
    {with("X\r\n"), "400"},
    {with("X(y): a\r\n"), "400"},
    {with("X\xC3\x84: a\r\n"), "400"},
    {with("Content Length: 5\r\n"), "400"},
    // A fold may be refused or read as a blank. It is refused: some read it
    // otherwise.
    {with("X: a\r\n b\r\n"), "400"},
    {with("X:\r\n\tb\r\n"), "400"},
    {with("Transfer-Encoding:\r\n chunked\r\n"), "400"},
    {with("Transfer-Encoding: chunked\r\n \r\n"), "400"},
    {with("Content-Length: 1\r\n 2\r\n"), "400"},
    // Other fields whose value cannot be a list may not be told from one that
    // was meant (RFC 9110, 5.3).
    {with("Content-Type: a/b\r\nContent-Type: a/b\r\n"), "400"},
  });
}

TEST_CASE("RFC 9112, 6: how long a body is") {
  check({
    {with("Content-Length: 2\r\n", "ab"), "POST /k [ab]+ "},
    {with("Content-Length: 2\r\n", "abGET /b HTTP/1.1\r\nHost: x\r\n\r\n"),
     "POST /k [ab]+ GET /b+ "},
    {with("Content-Length: 002\r\n", "ab"), "POST /k [ab]+ "},
    {with("Content-Length: 2\r\nContent-Length: 2\r\n", "ab"), "POST /k [ab]+ "},
    {with("Content-Length: 2, 2\r\n", "ab"), "POST /k [ab]+ "},
    {with("Content-Length: 2\r\n", "a"), "POST /k ..."},
    {with("Content-Length: 2\r\nContent-Length: 3\r\n", "abc"), "400"},
    {with("Content-Length: 2, 3\r\n", "abc"), "400"},
    {with("Content-Length:\r\n"), "400"},
    {with("Content-Length: +2\r\n", "ab"), "400"},
    {with("Content-Length: -2\r\n", "ab"), "400"},
    {with("Content-Length: 0x2\r\n", "ab"), "400"},
    {with("Content-Length: 2 2\r\n", "ab"), "400"},
    {with("Content-Length: 2.0\r\n", "ab"), "400"},
    {with("Content-Length: \xD9\xA2\r\n", "ab"), "400"},
    {with("Content-Length: 18446744073709551616\r\n"), "400"},
    {with("Content-Length: 18446744073709551615\r\n"), "POST /k 413"},
    {with("Content-Length: 65537\r\n"), "POST /k 413"},
    {with("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "400"},
    {with("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", "0\r\n\r\n"), "400"},
    {with("Transfer-Encoding: gzip\r\nContent-Length: 1\r\n", "0\r\n\r\n"), "400"},
    {"GET /k HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx", "GET /k [x]+ "},
    {"GET /k HTTP/1.1\r\nHost: x\r\nContent_Length: 1\r\n\r\n", "GET /k+ "},
  });
}

TEST_CASE("RFC 9112, 6.1 and 6.3: transfer codings") {
  const std::string end = "1\r\na\r\n0\r\n\r\n";
  for (std::string good : {"chunked", "CHUNKED", " \tChunked \t"})
    check({{with("Transfer-Encoding: " + good + "\r\n", end), "POST /k [a]+ "}});
  for (std::string bad :
       {"", "chunked abc", "chunked;x=y", "chunked \"x\"", "chunked/x", "chunked:", "chunked\xA0",
        "\"chunked\"", "xchunked", "chunked, gzip", "chunked, chunked", "gzip", "identity",
        "identity, chunked, gzip", "chunk", "\vchunked", "gzip; q=1"})
    check({{with("Transfer-Encoding: " + bad + "\r\n", end), "400"}});
  for (std::string other :
       {"gzip, chunked", "gzip,chunked", "deflate, gzip, chunked", "identity, chunked"})
    check({{with("Transfer-Encoding: " + other + "\r\n", end), "501"}});
  check({
    {with("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", end), "501"},
    {with("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n", end), "400"},
    {with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", end), "400"},
    // Empty list elements are to be ignored. Here they are refused, since no
    // client sends them but to be read in two ways.
    {with("Transfer-Encoding: , chunked\r\n", end), "400"},
    {with("Transfer-Encoding: chunked,\r\n", end), "400"},
    // HTTP/1.0 does not know chunks: it gets its answer, but no second one.
    {"POST /k HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n" + end,
     "POST /k [a]-"},
    {"POST /k HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\na", "400"},
  });
}

TEST_CASE("RFC 9112, 7.1: chunks") {
  auto chunks = [](const std::string& bytes) {
    return with("Transfer-Encoding: chunked\r\n", bytes);
  };
  check({
    {chunks("0\r\n\r\n"), "POST /k []+ "},
    {chunks("00000000000000000000\r\n\r\n"), "POST /k []+ "},
    {chunks("0a\r\n0123456789\r\n0\r\n\r\n"), "POST /k [0123456789]+ "},
    {chunks("A\r\n0123456789\r\n0\r\n\r\n"), "POST /k [0123456789]+ "},
    {chunks("2\r\n\r\n\r\n0\r\n\r\n"), "POST /k [\r\n]+ "},
    {chunks("1\r\na\r\n0\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n"), "POST /k [a]+ GET /b+ "},
    {chunks("1;a;b=c;d=\"e\\\"; f\"\r\na\r\n0;x\r\n\r\n"), "POST /k [a]+ "},
    {chunks("1 ; a = b\r\na\r\n0\r\n\r\n"), "POST /k [a]+ "},
    {chunks("0\r\nX: y\r\nHost: z\r\nContent-Type: a\r\n\r\n"), "POST /k []+ "},
    {chunks("1\r\na\r\n0\r\n"), "POST /k ..."},
    {chunks("g\r\n"), "POST /k 400"},
    {chunks("0x1\r\na\r\n0\r\n\r\n"), "POST /k 400"},
    {chunks("1_0\r\na\r\n0\r\n\r\n"), "POST /k 400"},
    {chunks("1;a=b\rc\r\na\r\n0\r\n\r\n"), "POST /k 400"},
    {chunks(" ;a\r\na\r\n0\r\n\r\n"), "POST /k 400"},
    {chunks("\r\na\r\n0\r\n\r\n"), "POST /k 400"},
    {chunks("0 \r\n\r\n"), "POST /k 400"},
    {chunks("+1\r\na\r\n0\r\n\r\n"), "POST /k 400"},
    {chunks("-1\r\na\r\n0\r\n\r\n"), "POST /k 400"},
    {chunks(" 1\r\na\r\n0\r\n\r\n"), "POST /k 400"},
    {chunks("1 \r\na\r\n0\r\n\r\n"), "POST /k 400"},
    {chunks("1;\r\na\r\n0\r\n\r\n"), "POST /k 400"},
    {chunks("1\na\n0\n\n\r\n"), "POST /k 400"},
    {chunks("1\r\r\na\r\n0\r\n\r\n"), "POST /k 400"},
    {chunks("1\r\naa\r\n0\r\n\r\n"), "POST /k 400"},
    {chunks("2\r\na\r\n0\r\n\r\n"), "POST /k 400"},
    {chunks("1\r\na\n0\r\n\r\n"), "POST /k 400"},
    {chunks("1;a=\"\n\"\r\na\r\n0\r\n\r\n"), "POST /k 400"},
    {chunks("1;a=\"b\r\n"), "POST /k 400"},
    {chunks("10000000000000000\r\n"), "POST /k 400"},
    {chunks("ffffffffffffffff\r\n"), "POST /k 413"},
    {chunks("0\r\nX : y\r\n\r\n"), "POST /k 400"},
    {chunks("0\r\nX\r\n\r\n"), "POST /k 400"},
    // These two have no place in a trailer, and there they would lie.
    {chunks("0\r\nContent-Length: 5\r\n\r\n"), "POST /k 400"},
    {chunks("0\r\nTransfer-Encoding: chunked\r\n\r\n"), "POST /k 400"},
  });
}

TEST_CASE("RFC 9112, 9.3: whether the connection goes on") {
  auto v1_0 = [](const std::string& fields) { return "GET /k HTTP/1.0\r\n" + fields + "\r\n"; };
  check({
    {with(""), "POST /k+ "},
    {with("Connection: keep-alive\r\n"), "POST /k+ "},
    {with("Connection: close\r\n"), "POST /k-"},
    {with("Connection: x, Close\r\n"), "POST /k-"},
    {with("Connection: close, keep-alive\r\n"), "POST /k-"},
    {with("Connection: keep-alive\r\nConnection: close\r\n"), "POST /k-"},
    {with("Connection: closed\r\n"), "POST /k+ "},
    {with("Proxy-Connection: close\r\n"), "POST /k+ "},
    {v1_0(""), "GET /k-"},
    {v1_0("Connection: Keep-Alive\r\n"), "GET /k+ "},
    {v1_0("Connection: keep-alive, close\r\n"), "GET /k-"},
    {v1_0("Connection: close\r\nConnection: keep-alive\r\n"), "GET /k-"},
    {v1_0("Proxy-Connection: keep-alive\r\n"), "GET /k-"},
  });
}

TEST_CASE("RFC 9110, 10.1.1: expectations") {
  auto keeps = [](std::string_view bytes) {
    head_reader reader;
    REQUIRE(reader.read(bytes) == head_reader::status::complete);
    return reader.head().expects_continue;
  };
  CHECK(keeps(with("Content-Length: 1\r\nExpect: 100-Continue\r\n")));
  CHECK(!keeps(with("Content-Length: 1\r\n")));
  CHECK(!keeps("POST /k HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n"));
  CHECK(!keeps("POST /k HTTP/1.0\r\nContent-Length: 1\r\nExpect: x\r\n\r\n"));
  check({{with("Expect: x\r\n"), "417"}, {with("Expect: 100-continue, x\r\n"), "417"}});
}

TEST_CASE("RFC 1945, 4.1: HTTP/0.9, for clients of Lock::Server") {
  check({
    {"GET /LOCK/k/o\n\n", "GET /LOCK/k/o-"},
    {"GET /LOCK/k/o\r\n", "GET /LOCK/k/o-"},
    {"\r\nGET /k\n", "GET /k-"},
    {"GET /k", "..."},
    {"GET /k HTTP/x\n", "GET /k HTTP/x-"},
    // Whatever it does not send.
    {"PUT /k\n", "400"},
    {"get /k\n", "400"},
    {"GET k\n", "400"},
    {"GET *\n", "400"},
    {"GET http://x/k\n", "400"},
    {"GET  /k\n", "400"},
    {"EHLO x\r\n", "400"},
    {"QUIT\r\n", "400"},
    {"GET /k HTTP/1.1\r\nHost: x\r\n\r\nGET /k\n", "GET /k+ 400"},
  });
}
