#include "net/request_body.hpp"

#include "tests/support/catch.hpp"

#include <string>

using lockserver::body_reader;

namespace {

using status = body_reader::status;

const std::string sized = "POST /a?b HTTP/1.1\r\nContent-Type: text/x\r\nContent-Length: 5\r\n\r\n";
const std::string chunked = "PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";

} // namespace

TEST_CASE("a request with a body is read, and what follows is left") {
  body_reader x;
  auto input = sized + "helloGET / HTTP/1.1\r\n";
  CHECK(x.read(input) == sized.size() + 5);
  REQUIRE(x.now() == status::complete);
  CHECK(x.method() == "POST");
  CHECK(x.target() == "/a?b");
  CHECK(x.content_type() == "text/x");
  CHECK(x.body() == "hello");
}

TEST_CASE("a body that comes byte by byte is read, chunked or not") {
  for (auto& input : {sized + "hello", chunked + "2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nA: b\r\n\r\n"}) {
    CAPTURE(input);
    body_reader x;
    auto head = input.find("\r\n\r\n") + 4;
    CHECK(x.read(std::string_view{input}.substr(0, head)) == head);
    auto at = head;
    std::string part;
    for (auto i = head; i < input.size(); ++i) {
      CHECK(x.now() == status::incomplete);
      part += input[i];
      auto size = x.read(part);
      part.erase(0, size);
      at += size;
    }
    CHECK(x.now() == status::complete);
    CHECK(at == input.size());
    CHECK(x.body() == "hello");
  }
}

TEST_CASE("a body is at most as long as it may be") {
  auto head = [](std::size_t size) {
    return "POST / HTTP/1.1\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
  };
  body_reader right;
  right.read(head(body_reader::max_body) + std::string(body_reader::max_body, 'x'));
  CHECK(right.now() == status::complete);
  body_reader longer;
  longer.read(head(body_reader::max_body + 1));
  REQUIRE(longer.now() == status::error);
  CHECK(longer.error().status == 413);
  body_reader in_chunks;
  in_chunks.read(chunked + "10001\r\n" + std::string(0x10001, 'x') + "\r\n0\r\n\r\n");
  REQUIRE(in_chunks.now() == status::error);
  CHECK(in_chunks.error().status == 413);
}

TEST_CASE("a chunk that is none is refused") {
  body_reader x;
  x.read(chunked + "zz\r\n");
  REQUIRE(x.now() == status::error);
  CHECK(x.error().status == 400);
}
