// Text of others as lockctl prints it.
#include "apps/lockctl/printable.hpp"

#include "tests/support/catch.hpp"

using namespace lockserver::lockctl;

TEST_CASE("text that is harmless is printed as it is") {
  for (auto* text : {"", "report/2026-01-01", "Käse, 鍵, مفتاح, 🔑", "a\\b", "family 👩‍👧"})
    CHECK(printable(text) == text);
}

TEST_CASE("what commands a terminal or ends a line is written out") {
  CHECK(printable("\x1b[31mx\ny") == "\\x1b[31mx\\ny");
  CHECK(printable("a\tb\rc") == "a\\tb\\x0dc");
  CHECK(printable(std::string_view{"\0", 1}) == "\\x00");
  CHECK(printable("\x7f") == "\\x7f");
  CHECK(printable("\u009b31m") == "\\u{009b}31m");
  CHECK(printable("\u0080\u0085\u009f\u00a0") == "\\u{0080}\\u{0085}\\u{009f}\u00a0");
  CHECK(printable("\u2028\u2029") == "\\u{2028}\\u{2029}");
}

TEST_CASE("what changes the direction of writing is written out") {
  for (auto* text : {"\u061c", "\u200e", "\u200f", "\u202a", "\u202e", "\u2066", "\u2069"})
    CHECK(printable(text).starts_with("\\u{"));
  CHECK(printable("a\u202eb") == "a\\u{202e}b");
}

TEST_CASE("bytes that are not UTF-8 are written out one by one") {
  CHECK(printable("a\xff") == "a\\xff");
  CHECK(printable("\x9b") == "\\x9b");
  CHECK(printable("\xe2\x82") == "\\xe2\\x82");                   // cut off
  CHECK(printable("\xc0\x8a") == "\\xc0\\x8a");                   // a line feed, too long
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");          // a surrogate
  CHECK(printable("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80"); // beyond U+10FFFF
}

TEST_CASE("JSON stays the same value") {
  CHECK(printable_json("{\"a\":\"\\u001b \u009b \u202e ä\"}")
        == "{\"a\":\"\\u001b \\u009b \\u202e ä\"}");
}
