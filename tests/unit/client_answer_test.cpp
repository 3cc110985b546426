// How the client reads the bytes of an answer, and of what is none.
#include "net/client/client_answer.hpp"

#include "lockserver/errc.hpp"

#include "tests/support/catch.hpp"

#include <string>

using namespace lockserver;
using namespace std::chrono_literals;

namespace {

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

exchange_result read(const std::string& bytes, std::size_t most_body = 1000) {
  return read_answer(bytes, most_body);
}

void check_bad(const std::string& bytes, std::size_t most_body = 1000) {
  auto x = read(bytes, most_body);
  CHECK(x.error == errc::bad_answer);
  CHECK(x.body.empty());
  CHECK(!x.keep_alive);
}

std::string chunked(const std::string& chunks, const std::string& trailer = "") {
  return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + "0\r\n" + trailer
         + "\r\n";
}

// What comes of `bytes`, a whole answer, in pieces: what is left of one is there
// again with the next.
exchange_result read_in_steps(const std::string& bytes, std::size_t step) {
  answer_reader reader{1000};
  std::string kept;
  for (std::size_t i = 0; i < bytes.size(); i += step) {
    REQUIRE(!reader.done());
    kept += bytes.substr(i, step);
    kept.erase(0, reader.read(kept));
  }
  REQUIRE(reader.done());
  exchange_result result;
  reader.take(false, result);
  return result;
}

} // namespace

TEST_CASE("an answer is read with its status, its body and what to make of them") {
  auto x = read("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nLockserver-Error: why\r\n"
                "Content-Length: 2\r\n\r\n0\n");
  CHECK(!x.error);
  CHECK(x.answered);
  CHECK(x.keep_alive);
  CHECK(x.status == 503);
  CHECK(x.body == "0\n");
  CHECK(x.complaint == "why");
  CHECK(x.retry_after == 7s);
}

TEST_CASE("an answer is the same however its bytes come") {
  auto bytes = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + chunked("3\r\nabc\r\n1\r\nd\r\n");
  for (std::size_t step = 1; step < bytes.size(); ++step) {
    INFO(step);
    CHECK(read_in_steps(bytes, step).body == "abcd");
  }
}

// Beast asserts that a last chunk has five bytes when it looks at its beginning again.
TEST_CASE("an answer with an empty body of chunks may come byte by byte") {
  for (std::string last : {"0\r\n\r\n", "000\r\n\r\n", "0;a=b\r\n\r\n", "0\r\nA: b\r\n\r\n"}) {
    CAPTURE(last);
    auto bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + last;
    auto x = read_in_steps(bytes, 1);
    CHECK(x.body.empty());
    CHECK(x.status == 200);
  }
}

TEST_CASE("data that look like a last chunk are taken as they come") {
  answer_reader reader{1000};
  std::string_view begun = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n";
  CHECK(reader.read(begun) == begun.size());
  CHECK(reader.read("0") == 1);
}

TEST_CASE("an end amid the last chunk is a lost connection") {
  answer_reader reader{1000};
  std::string_view bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
  auto used = reader.read(bytes);
  reader.read(bytes.substr(used));
  reader.end();
  CHECK(reader.error() == errc::connection_lost);
}

TEST_CASE("interim answers are skipped") {
  auto interim = [](const std::string& status) { return "HTTP/1.1 " + status + "\r\n\r\n"; };
  CHECK(read(interim("100 Continue") + ok).body == "hi");
  CHECK(read("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok).status == 200);
  CHECK(
    read(interim("102 Processing") + interim("100 Continue") + interim("103 Early Hints") + ok).body
    == "hi");
  CHECK(read(interim("100 Continue")).error == errc::connection_lost); // and no answer
  std::string many;
  for (int i = 0; i < 17; ++i)
    many += interim("100 Continue");
  check_bad(many + ok);
}

TEST_CASE("an answer that is cut off is a lost connection") {
  for (std::size_t size = 0; size < ok.size(); ++size) {
    auto x = read(ok.substr(0, size));
    CHECK(x.error == errc::connection_lost);
    CHECK(x.answered == (size > 0));
  }
  CHECK(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab").error
        == errc::connection_lost);
}

TEST_CASE("the end of the connection may end the body") {
  auto x = read("HTTP/1.0 200 OK\r\n\r\nbody");
  CHECK(!x.error);
  CHECK(x.body == "body");
  CHECK(!x.keep_alive);
}

TEST_CASE("bytes behind an answer end the connection") {
  auto x = read(ok + ok);
  CHECK(x.body == "hi");
  CHECK(!x.keep_alive);
}

TEST_CASE("what is not HTTP is no answer") {
  check_bad("SSH-2.0-OpenSSH_9.2\r\n");
  check_bad("HTTP/2.0 200 OK\r\n\r\n");
  check_bad("HTTP/1.1 2x0 OK\r\n\r\n");
  for (std::string status : {"000", "001", "099"}) { // the first digit is a class: 1 to 5
    check_bad("HTTP/1.1 " + status + " OK\r\nContent-Length: 2\r\n\r\nhi");
    check_bad("HTTP/1.1 " + status + " OK\r\n\r\nhi"); // up to the end
  }
  check_bad("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n");
  check_bad("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab");
  check_bad("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n");
  check_bad("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n");
  check_bad(std::string(100, '\0'));
}

TEST_CASE("a longer body than is wanted is no answer") {
  CHECK(read(ok, 2).body == "hi");
  check_bad(ok, 1);
  check_bad(chunked("1\r\na\r\n1\r\nb\r\n"), 1);
  check_bad("HTTP/1.0 200 OK\r\n\r\nbody", 3);
}

TEST_CASE("a head or a trailer of any size is no answer, and no exception") {
  for (auto size : {65'000, 65'534, 65'535, 65'536, 70'000, 1'000'000}) {
    INFO(size);
    auto field = "X: " + std::string(size, 'a') + "\r\n";
    CHECK(read("HTTP/1.1 200 OK\r\n" + field + "Content-Length: 0\r\n\r\n").status
          == (size == 65'000 ? 200 : 0));
    auto in_trailer = read(chunked("1\r\na\r\n", field));
    CHECK((in_trailer.error == errc::bad_answer || in_trailer.body == "a"));
  }
  check_bad("HTTP/1.1 200 OK\r\nX: " + std::string(1'000'000, 'a'));
  check_bad("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: "
            + std::string(1'000'000, 'a'));
  check_bad("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=\""
            + std::string(1'000'000, 'a'));
}

TEST_CASE("an endless trailer of small fields is no answer") {
  std::string trailer;
  while (trailer.size() < 1'000'000)
    trailer += "X: y\r\n";
  check_bad(chunked("1\r\na\r\n", trailer));
}

TEST_CASE("only seconds are a time to ask again after") {
  auto after = [](const std::string& x) {
    return read("HTTP/1.1 503 No\r\nRetry-After: " + x + "\r\nContent-Length: 0\r\n\r\n")
      .retry_after;
  };
  CHECK(after("0") == 0s);
  CHECK(after("120") == 120s);
  CHECK(!after("-1"));
  CHECK(!after("1.5"));
  CHECK(!after("99999999999999999999"));
  CHECK(!after("Thu, 26 Nov 2026 00:00:00 GMT"));
  CHECK(!read(ok).retry_after);
}

TEST_CASE("a complaint is cut to a length that can be shown") {
  auto x = read("HTTP/1.1 400 No\r\nLockserver-Error: " + std::string(5000, 'a')
                + "\r\nContent-Length: 0\r\n\r\n");
  CHECK(x.complaint == std::string(1024, 'a'));
}
