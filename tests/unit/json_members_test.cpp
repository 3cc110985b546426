#include "net/dialects/json_members.hpp"

#include "net/dialects/bad_input.hpp"
#include "tests/support/catch.hpp"

#include <string>

using lockserver::bad_input;
using lockserver::json_members;

namespace {

// What is wrong with `text`, or an empty string.
std::string complaint(std::string_view text) {
  try {
    json_members x{text};
    return {};
  } catch (const bad_input& e) {
    CHECK(e.code == lockserver::errc::bad_request);
    return e.what();
  }
}

template <class F>
std::string complaint_of(F f) {
  try {
    f();
    return {};
  } catch (const bad_input& e) {
    return e.what();
  }
}

bool mentions(const std::string& sentence, std::string_view what) {
  CAPTURE(sentence);
  return sentence.find(what) != std::string::npos;
}

} // namespace

TEST_CASE("members are taken by name and type") {
  json_members x{R"( { "a" : "text", "b": 17, "c": -1, "d": "" } )"};
  CHECK(x.text("a") == "text");
  CHECK(x.integer("b", 0, 100) == 17);
  CHECK(x.integer("c", -5, 5) == -1);
  CHECK(x.text("d") == "");
  CHECK(!x.text("e"));
  CHECK(!x.integer("e", 0, 1));
  CHECK(complaint_of([&] { x.refuse_others("a, b"); }).empty());
}

TEST_CASE("escapes and long strings are decoded") {
  json_members x{R"({"\u0061":"\u00e4\n\"", "b":")" + std::string(5000, 'x') + "\"}"};
  CHECK(x.text("a") == "\xc3\xa4\n\"");
  CHECK(x.text("b") == std::string(5000, 'x'));
}

TEST_CASE("what is no JSON object is refused with a sentence") {
  CHECK(mentions(complaint("{"), "too early"));
  CHECK(mentions(complaint("{\"a\":"), "too early"));
  CHECK(mentions(complaint("nonsense"), "not JSON"));
  CHECK(mentions(complaint("{\"a\":1,}"), "not JSON"));
  CHECK(mentions(complaint("{'a':1}"), "not JSON"));
  CHECK(mentions(complaint("{\"a\":\"\xff\"}"), "not JSON"));
  CHECK(mentions(complaint("{} {}"), "something follows"));
  CHECK(mentions(complaint("[]"), "not an array"));
  CHECK(mentions(complaint("17"), "must be a JSON object"));
  CHECK(mentions(complaint("\"x\""), "must be a JSON object"));
  CHECK(complaint("{} \r\n").empty());
}

TEST_CASE("nested members, and any depth of them, are refused by name") {
  CHECK(mentions(complaint(R"({"owner":{"a":1}})"), "owner must not be an object"));
  CHECK(mentions(complaint(R"({"owner":["a"]})"), "owner must not be an array"));
  CHECK(mentions(complaint("{\"a\":" + std::string(60'000, '[')), "a must not be an array"));
  CHECK(mentions(complaint(std::string(60'000, '[')), "not an array"));
}

TEST_CASE("a member that is there twice is refused by name") {
  CHECK(mentions(complaint(R"({"a":1,"b":2,"a":3})"), "a is there twice"));
}

TEST_CASE("a member of the wrong type is refused by name, with the right one") {
  auto as_text = [](const char* value) {
    return complaint_of([=] {
      json_members x{std::string{"{\"owner\":"} + value + "}"};
      x.text("owner");
    });
  };
  auto as_integer = [](const char* value) {
    return complaint_of([=] {
      json_members x{std::string{"{\"n\":"} + value + "}"};
      x.integer("n", 1, 10);
    });
  };
  CHECK(as_text("17") == "owner must be a string, not a number");
  CHECK(as_text("null") == "owner must be a string, not null");
  CHECK(as_text("true") == "owner must be a string, not true");
  CHECK(as_integer("\"5\"") == "n must be an integer from 1 to 10, not a string");
  CHECK(as_integer("null") == "n must be an integer from 1 to 10, not null");
  CHECK(as_integer("0") == "n must be an integer from 1 to 10, not 0");
  CHECK(as_integer("11") == "n must be an integer from 1 to 10, not 11");
  CHECK(mentions(as_integer("1.5"), "not a number with a fraction"));
  CHECK(mentions(as_integer("1e1"), "not a number with a fraction or an exponent"));
  CHECK(mentions(as_integer("18446744073709551615"), "not a larger number"));
  CHECK(mentions(as_integer("99999999999999999999999"), "not a "));
  CHECK(as_integer("10").empty());
}

TEST_CASE("a member that nobody takes is refused by name, harmless for a log") {
  json_members x{R"({"ttl":1})"};
  CHECK(complaint_of([&] { x.refuse_others("ttl_ms"); })
        == "there is no member ttl; known are ttl_ms");
  json_members evil{"{\"\\u000a\\u001b[31m" + std::string(100, 'x') + "\":1}"};
  auto sentence = complaint_of([&] { evil.refuse_others("a"); });
  CHECK(sentence.find('\n') == std::string::npos);
  CHECK(sentence.find('\x1b') == std::string::npos);
  CHECK(sentence.size() < 120);
}
