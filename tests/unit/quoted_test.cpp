#include "actors/quoted.hpp"

#include "tests/support/catch.hpp"

using lockserver::quoted;

namespace {

std::string logged(std::string_view x) {
  return fmt::format("owner={}", quoted{x});
}

} // namespace

TEST_CASE("a text of printable ASCII stands in the log as it is") {
  CHECK(logged("alice@host:4711") == "owner=alice@host:4711");
  CHECK(logged("a/b,c;d'e{}[]") == "owner=a/b,c;d'e{}[]");
}

TEST_CASE("a text that could be taken for another field stands in quotes") {
  CHECK(logged("x key=y") == R"(owner="x key=y")");
  CHECK(logged("key=y") == R"(owner="key=y")");
  CHECK(logged(R"(a" b="c)") == R"(owner="a\" b=\"c")");
  CHECK(logged(R"(\x20)") == R"(owner="\\x20")");
  CHECK(logged("") == R"(owner="")");
}

TEST_CASE("bytes that are not printable ASCII are spelled out") {
  CHECK(logged("a\nb\tc\x1b[31m") == R"(owner="a\x0ab\x09c\x1b[31m")");
  CHECK(logged("\xc3\xa9\xff") == R"(owner="\xc3\xa9\xff")");
  CHECK(logged(std::string_view{"\0\x7f", 2}) == R"(owner="\x00\x7f")");
}
