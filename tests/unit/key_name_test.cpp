#include "actors/rules/key_name.hpp"

#include "tests/support/catch.hpp"

#include <string>

using lockserver::check_name;

namespace {

bool accepted(std::string_view value) {
  return check_name("key", value).empty();
}

// Encodes without looking at what it encodes, so that it also makes what
// UTF-8 forbids.
std::string encode(char32_t c, int length) {
  if (length == 1)
    return std::string(1, static_cast<char>(c));
  std::string result;
  for (int i = 0; i < length - 1; ++i) {
    result.insert(result.begin(), static_cast<char>(0x80 | (c & 0x3F)));
    c >>= 6;
  }
  auto lead = 0xFF00 >> length; // as many ones as bytes, cut to 8 bits below
  result.insert(result.begin(), static_cast<char>((lead | static_cast<int>(c)) & 0xFF));
  return result;
}

int shortest(char32_t c) {
  return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}

} // namespace

TEST_CASE("a name has 1 to 512 bytes") {
  CHECK(check_name("key", "") == "key is empty: it must have 1 to 512 bytes");
  CHECK(accepted("k"));
  CHECK(accepted(std::string(512, 'k')));
  CHECK(check_name("requester", std::string(513, 'k'))
        == "requester has 513 bytes: it must have 1 to 512");
}

TEST_CASE("the limit counts bytes and not characters") {
  std::string umlauts;
  for (int i = 0; i < 256; ++i)
    umlauts += "\xC3\xA4";
  CHECK(accepted(umlauts));
  CHECK(!accepted(umlauts + "k"));
}

TEST_CASE("a name may have spaces, slashes and every other printable character") {
  CHECK(accepted(" "));
  CHECK(accepted("/"));
  CHECK(accepted("a b/c?d=e&f#g%2F\\\"'<>{}|^`~"));
}

TEST_CASE("exactly the characters that Unicode calls controls are refused") {
  for (char32_t c = 0; c < 0x100; ++c) {
    INFO("U+" << static_cast<unsigned>(c));
    auto control = c < 0x20 || (c >= 0x7F && c < 0xA0);
    CHECK(accepted("a" + encode(c, shortest(c)) + "z") == !control);
  }
  using namespace std::string_literals;
  CHECK(check_name("key", "ab\0c"s) == "key has a control character at byte 3");
  CHECK(check_name("key", "a\n") == "key has a control character at byte 2");
  CHECK(check_name("key", "\xC3\xA4\x7F") == "key has a control character at byte 3");
  CHECK(check_name("key", "\xC2\x85") == "key has a control character at byte 1");
}

TEST_CASE("every character of Unicode but surrogates is accepted in its shortest form only") {
  // Counted instead of asserted: four million assertions would take minutes.
  std::size_t wrong = 0;
  for (char32_t c = 0xA0; c <= 0x110000; ++c) {
    auto surrogate = c >= 0xD800 && c <= 0xDFFF;
    auto length = shortest(c);
    wrong += accepted(encode(c, length)) != (!surrogate && c <= 0x10FFFF);
    for (int overlong = length + 1; overlong <= 4; ++overlong)
      wrong += accepted(encode(c, overlong));
  }
  for (char32_t c = 0; c < 0xA0; ++c)
    for (int overlong = shortest(c) + 1; overlong <= 4; ++overlong)
      wrong += accepted(encode(c, overlong));
  CHECK(wrong == 0);
}

TEST_CASE("every string of one or two bytes is judged by the rule") {
  std::size_t wrong = 0;
  for (int a = 0; a < 256; ++a) {
    std::string one(1, static_cast<char>(a));
    auto plain = [](int c) { return c >= 0x20 && c < 0x7F; };
    wrong += accepted(one) != plain(a);
    for (int b = 0; b < 256; ++b) {
      auto pair = a >= 0xC2 && a <= 0xDF && b >= 0x80 && b <= 0xBF && !(a == 0xC2 && b < 0xA0);
      wrong += accepted(one + static_cast<char>(b)) != (pair || (plain(a) && plain(b)));
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("a character that is cut short is refused wherever it stands") {
  for (std::string whole : {"\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x94\x92"}) {
    CHECK(accepted(whole));
    for (std::size_t n = 1; n < whole.size(); ++n) {
      CHECK(!accepted(whole.substr(0, n)));
      CHECK(!accepted(whole.substr(0, n) + "a"));
      CHECK(!accepted("a" + whole.substr(0, n) + whole));
    }
    CHECK(!accepted(whole.substr(1)));
  }
  CHECK(check_name("key", "ab\xC3") == "key is not UTF-8 at byte 3");
}

TEST_CASE("bytes that UTF-8 never uses are refused") {
  for (int byte : {0xC0, 0xC1, 0xF5, 0xF8, 0xFC, 0xFE, 0xFF}) {
    std::string value(1, static_cast<char>(byte));
    CHECK(!accepted(value + "\x80\x80\x80\x80\x80"));
  }
}
