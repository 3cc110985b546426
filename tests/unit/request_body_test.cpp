#include "net/http/request_body.hpp"

#include "tests/support/catch.hpp"

#include <algorithm>
#include <string>

using lockserver::body_reader;
using lockserver::request_head;

namespace {

using status = body_reader::status;

request_head sized(std::size_t length) {
  return {.method = "POST",
          .target = "/a?b",
          .content_type = "text/x",
          .content_length = length,
          .has_body = true};
}

request_head chunked() {
  return {.method = "PUT", .target = "/a", .chunked = true, .has_body = true};
}

// What reading `input` comes to: in pieces of `step` bytes, where what is left
// of one is there again with the next.
struct outcome {
  status now;
  int error;
  std::string body;
  std::size_t used;

  friend bool operator==(const outcome&, const outcome&) = default;
};

outcome read(const request_head& head, const std::string& input, std::size_t step = 1'000'000) {
  body_reader x{head};
  std::size_t used = 0;
  for (std::size_t end = 0; end < input.size() && x.now() == status::incomplete;) {
    end = std::min(input.size(), end + step);
    used += x.read(std::string_view{input}.substr(used, end - used));
  }
  return {x.now(), x.error().status, std::string{x.body()}, used};
}

// The HTTP status of the error in a body of chunks, or 0 when it is none; the
// same whole and in pieces.
int error_of(const std::string& input) {
  auto whole = read(chunked(), input);
  auto pieces = read(chunked(), input, 1);
  CHECK(whole.now == pieces.now);
  CHECK(whole.error == pieces.error);
  return whole.now == status::error ? whole.error : 0;
}

bool incomplete(const std::string& input) {
  return read(chunked(), input).now == status::incomplete;
}

} // namespace

TEST_CASE("a body with a length is read, and what follows is left") {
  CHECK(read(sized(5), "helloGET / HTTP/1.1\r\n") == outcome{status::complete, 0, "hello", 5});
  CHECK(read(sized(5), "hell").now == status::incomplete);
}

TEST_CASE("a body keeps what is needed of its head, which may be gone") {
  std::string head = "POST/a?btext/x";
  auto view = std::string_view{head};
  body_reader x{{.method = view.substr(0, 4),
                 .target = view.substr(4, 4),
                 .content_type = view.substr(8),
                 .content_length = 1,
                 .has_body = true}};
  head.assign(head.size(), '-');
  CHECK(x.method() == "POST");
  CHECK(x.target() == "/a?b");
  CHECK(x.content_type() == "text/x");
}

TEST_CASE("a body that comes byte by byte is read, chunked or not") {
  auto chunks = std::string{"2\r\nhe\r\n3;x=y;z=\"\\\"\";u\r\nllo\r\n0\r\nA: b\r\n\r\n"};
  for (std::size_t step : {1, 2, 3, 5, 1000}) {
    CAPTURE(step);
    CHECK(read(sized(5), "hello", step) == outcome{status::complete, 0, "hello", 5});
    CHECK(read(chunked(), chunks, step) == outcome{status::complete, 0, "hello", chunks.size()});
  }
  CHECK(read(chunked(), chunks + "GET / HTTP/1.1").used == chunks.size());
}

TEST_CASE("a body is at most as long as it may be") {
  auto most = std::string(body_reader::max_body, 'x');
  CHECK(read(sized(most.size()), most).now == status::complete);
  body_reader longer{sized(most.size() + 1)};
  REQUIRE(longer.now() == status::error);
  CHECK(longer.error().status == 413);
  CHECK(error_of("10000\r\n" + most + "\r\n0\r\n\r\n") == 0);
  CHECK(error_of("10001\r\n") == 413);
  CHECK(error_of("ffff\r\n" + most.substr(1) + "\r\n2\r\n") == 413);
  CHECK(error_of("ffffffffffffffff\r\n") == 413);
}

TEST_CASE("a chunk that is none is refused") {
  for (std::string bytes : {"zz\r\n",
                            "\r\n",
                            " 1\r\nx\r\n",
                            "-1\r\n",
                            "+1\r\n",
                            "0x1\r\n",
                            "1 1\r\n",
                            "1\rx",
                            "1\nx",
                            "1;a\nx",
                            "1\r\nx\r\n1\nx",
                            "1;\r\n",
                            "1;=x\r\n",
                            "1;a=\r\n",
                            "1;a=b c\r\n",
                            "1;a\x01\r\n",
                            "11111111111111111\r\n",
                            "g;a\r\n",
                            "1\r\nxy0\r\n\r\n",
                            "1\r\nx\n0\r\n\r\n",
                            "2\r\n0\r\n", // data that look like a chunk
                            "0;\r\n\r\n",
                            "0\r\nno colon\r\n\r\n",
                            "0\r\nA : b\r\n\r\n",
                            "0\r\nA: \x01\r\n\r\n"}) {
    CAPTURE(bytes);
    CHECK(error_of(bytes) == 400);
  }
}

TEST_CASE("a line of a chunk that ends in the middle of a string is refused at its end") {
  CHECK(incomplete("1;a=\""));
  CHECK(error_of("1;a=\"\r\n") == 400);
  CHECK(error_of("1\r\nx\r\n1;a=\"b\\\"\r\n") == 400);
  CHECK(error_of("0;a=\"\r\n\r\n") == 400);
  // Nor may a line end be inside of one: others would see a line's end there.
  CHECK(error_of("1;a=\"\n\"\r\nx\r\n0\r\n\r\n") == 400);
  CHECK(error_of("1;a=\"\r\n\"\r\nx\r\n0\r\n\r\n") == 400);
}

TEST_CASE("trailer fields are read over, and have the limit of a head") {
  constexpr auto most = body_reader::max_extra;
  auto trailer = [](std::size_t size) { return "X: " + std::string(size - 3, 'a'); };
  CHECK(error_of("0\r\n" + trailer(most - 7) + "\r\n\r\n") == 0);
  CHECK(error_of("0\r\n" + trailer(most)) == 431);
  CHECK(read(chunked(), "0\r\n" + trailer(65'534) + "\r\n").error == 431);
  CHECK(read(chunked(), "0\r\n" + trailer(200'000)).error == 431);
  std::string many = "0\r\n";
  while (many.size() < 20'000)
    many += "Name: value\r\n";
  CHECK(read(chunked(), many).error == 431);
}

TEST_CASE("trailer fields do not change how the body is read") {
  for (std::string field : {"Content-Length: 3", "Transfer-Encoding: gzip", "Content-Length: x"}) {
    CAPTURE(field);
    // They have no place there (RFC 9110, 6.5.1), and there they lie.
    CHECK(error_of("0\r\n" + field + "\r\n\r\n") == 400);
  }
  auto end = std::string{"0\r\nContent-Type: a/b\r\nContent-Type: a/c\r\nHost: ,\r\n\r\n"};
  body_reader x{chunked()};
  CHECK(x.read(end) == end.size());
  CHECK(x.now() == status::complete);
  CHECK(x.content_type() == "");
}

TEST_CASE("the extensions of chunks are bounded, in each and in all") {
  constexpr auto most = body_reader::max_extra;
  CHECK(incomplete("1;" + std::string(most - 2, 'a')));
  CHECK(error_of("1;" + std::string(most, 'a')) == 400);
  CHECK(error_of("0;" + std::string(most, 'a')) == 400);
  CHECK(read(chunked(), "1;a=\"" + std::string(200'000, 'a')).error == 400);
  std::string many;
  for (int i = 0; i < 20; ++i)
    many += "1;" + std::string(1'000, 'a') + "\r\nx\r\n";
  CHECK(read(chunked(), many).error == 400);
}

TEST_CASE("chunks may be as small as they like") {
  std::string many;
  for (int i = 0; i < 60'000; ++i)
    many += "01\r\nx\r\n";
  auto x = read(chunked(), many + "000\r\n\r\n");
  CHECK(x.now == status::complete);
  CHECK(x.body.size() == 60'000);
}
