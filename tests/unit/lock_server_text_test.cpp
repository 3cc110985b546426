#include "net/dialects/lock_server_text.hpp"

#include "tests/support/catch.hpp"

#include <string>

using namespace lockserver;
using namespace std::chrono_literals;

namespace {

constexpr command_limits limits{24h, 1h};

std::variant<command, command_error> parse(std::string_view target,
                                           name_encoding encoding = name_encoding::percent) {
  return parse_command(target, encoding, limits);
}

command accept(std::string_view target, name_encoding encoding = name_encoding::percent) {
  auto result = parse(target, encoding);
  CAPTURE(target);
  if (auto* no = std::get_if<command_error>(&result))
    FAIL(no->reason);
  return std::get<command>(result);
}

command accept_lenient(std::string_view target) {
  return accept(target, name_encoding::lenient);
}

command_error refuse(std::string_view target, name_encoding encoding = name_encoding::percent) {
  auto result = parse(target, encoding);
  CAPTURE(target);
  REQUIRE(std::holds_alternative<command_error>(result));
  auto no = std::get<command_error>(result);
  // It goes into a header.
  CHECK(!no.reason.empty());
  for (char c : no.reason)
    CHECK((c >= 0x20 && c < 0x7f));
  return no;
}

std::string expiry(std::int64_t micros) {
  std::string result;
  append_expiry(result, micros);
  return result;
}

command lock(const std::string& query) {
  return accept("/LOCK/k/o?" + query);
}

std::string wrong_query(const std::string& query) {
  auto no = refuse("/LOCK/k/o?" + query);
  CHECK(no.status == 400);
  return no.reason;
}

const std::string bad_lock_timeout
  = "lock_timeout must be decimal seconds above 0 and at most 86400";
const std::string bad_attempt_timeout
  = "lock_attempt_timeout must be decimal seconds from 0 on, at most 3600";

} // namespace

// -- paths --------------------------------------------------------------------

TEST_CASE("each path is its command") {
  auto x = accept("/LOCK/key1/locker1");
  CHECK(x.what == command::verb::lock);
  CHECK(x.key == "key1");
  CHECK(x.requester == "locker1");
  CHECK(!x.lock_timeout);
  CHECK(!x.lock_attempt_timeout);
  x = accept("/UNLOCK/key1/locker1");
  CHECK(x.what == command::verb::unlock);
  CHECK(x.key == "key1");
  CHECK(x.requester == "locker1");
  x = accept("/VERIFY/key1/locker1");
  CHECK(x.what == command::verb::verify);
  CHECK(x.requester == "locker1");
  x = accept("/CHECK/key1");
  CHECK(x.what == command::verb::check);
  CHECK(x.key == "key1");
  CHECK(x.requester == "");
  CHECK(accept("/PING").what == command::verb::ping);
  CHECK(accept("/SHUTDOWN").what == command::verb::shutdown);
}

TEST_CASE("GET and POST do the same, and HEAD where it changes nothing") {
  using lockserver::methods_of;
  for (auto target : {"/LOCK/k/o", "/LOCK", "/UNLOCK/k/o?x", "/SHUTDOWN"})
    CHECK(methods_of(target) == "GET, POST, OPTIONS");
  for (auto target : {"/CHECK/k", "/VERIFY/k/o", "/PING", "/PING?x"})
    CHECK(methods_of(target) == "GET, HEAD, POST, OPTIONS");
  for (auto target : {"", "/", "*", "/LOCKS/k/o", "LOCK/k/o", "//LOCK", "/?LOCK"})
    CHECK(methods_of(target) == "");
}

TEST_CASE("an unknown path is not found") {
  for (auto target : {"", "/", "*", "PING", "/ping", "/PINGS", "/LOCKS/k/o", "/%50ING", "//PING",
                      "/v1/locks/k", "?", "/?lock_timeout=1"})
    CHECK(refuse(target).status == 404);
}

TEST_CASE("a path has exactly as many names as its command") {
  for (auto target : {"/LOCK", "/LOCK/k", "/LOCK/k/o/", "/LOCK/k/o/x", "/UNLOCK/k", "/VERIFY/k",
                      "/CHECK", "/CHECK/k/", "/CHECK/k/o", "/PING/", "/PING/x", "/SHUTDOWN/now"})
    CHECK(refuse(target).status == 400);
  CHECK(refuse("/LOCK/k").reason == "the path must be /LOCK/{key}/{requester}");
  CHECK(refuse("/LOCK/a/b/c").reason
        == "the path must be /LOCK/{key}/{requester}, with a slash inside a name as %2F");
}

TEST_CASE("a name must not be empty") {
  CHECK(refuse("/LOCK//o").reason == "key is empty: it must have 1 to 512 bytes");
  CHECK(refuse("/LOCK/k/").reason == "requester is empty: it must have 1 to 512 bytes");
  CHECK(refuse("/CHECK/").status == 400);
}

// -- names --------------------------------------------------------------------

TEST_CASE("names are percent-decoded, once") {
  auto x = accept("/LOCK/a%2Fb%20c/%e2%82%AC%25");
  CHECK(x.key == "a/b c");
  CHECK(x.requester == "\xE2\x82\xAC%");
  CHECK(accept("/CHECK/%252F").key == "%2F");
  CHECK(accept("/CHECK/a+b").key == "a+b");
  CHECK(accept("/CHECK/%3F%23%26").key == "?#&");
}

TEST_CASE("a percent sign that starts no escape is refused") {
  for (auto target : {"/CHECK/%", "/CHECK/%2", "/CHECK/a%zz", "/CHECK/%2g", "/CHECK/100%/",
                      "/LOCK/k/%", "/LOCK/%/o", "/CHECK/%%41"})
    CHECK(refuse(target).status == 400);
  CHECK(refuse("/CHECK/%2").reason
        == "key is not percent-encoded correctly: % must be followed by two hex digits");
}

TEST_CASE("a client that does not encode may use percent signs as they are") {
  CHECK(accept_lenient("/CHECK/%").key == "%");
  CHECK(accept_lenient("/CHECK/100%").key == "100%");
  CHECK(accept_lenient("/CHECK/%2").key == "%2");
  CHECK(accept_lenient("/CHECK/a%zz%").key == "a%zz%");
  CHECK(accept_lenient("/CHECK/%%41").key == "%A");
  CHECK(accept_lenient("/CHECK/%4%41").key == "%4A");
  CHECK(accept_lenient("/CHECK/%2F%zz").key == "/%zz");
  CHECK(accept_lenient("/LOCK/a key/my name").requester == "my name");
}

TEST_CASE("a name that decodes to control characters or bad UTF-8 is refused") {
  for (auto encoding : {name_encoding::percent, name_encoding::lenient}) {
    CHECK(refuse("/CHECK/a%00b", encoding).reason == "key has a control character at byte 2");
    CHECK(refuse("/LOCK/k/%0A", encoding).reason == "requester has a control character at byte 1");
    CHECK(refuse("/CHECK/%FF", encoding).reason == "key is not UTF-8 at byte 1");
    CHECK(refuse("/CHECK/\xFF", encoding).reason == "key is not UTF-8 at byte 1");
    CHECK(refuse("/CHECK/%c3x", encoding).reason == "key is not UTF-8 at byte 1");
  }
}

TEST_CASE("raw UTF-8 needs no encoding") {
  CHECK(accept("/CHECK/\xC3\xA4").key == "\xC3\xA4");
  CHECK(accept("/CHECK/%C3\xA4").key == "\xC3\xA4");
}

TEST_CASE("a name has at most 512 bytes, counted after decoding") {
  std::string most(512, 'x');
  CHECK(accept("/CHECK/" + most).key == most);
  CHECK(refuse("/CHECK/" + most + "x").reason == "key has 513 bytes: it must have 1 to 512");
  std::string encoded;
  for (int i = 0; i < 512; ++i)
    encoded += "%41";
  CHECK(accept("/LOCK/k/" + encoded).requester == std::string(512, 'A'));
  CHECK(refuse("/LOCK/k/" + encoded + "%41").reason
        == "requester has 513 bytes: it must have 1 to 512");
}

// -- times --------------------------------------------------------------------

TEST_CASE("LOCK may say how long to hold and how long to wait") {
  auto x = lock("lock_timeout=10&lock_attempt_timeout=0.25");
  CHECK(x.lock_timeout == 10s);
  CHECK(x.lock_attempt_timeout == 250ms);
  x = lock("lock_attempt_timeout=0");
  CHECK(!x.lock_timeout);
  CHECK(x.lock_attempt_timeout == 0s);
}

TEST_CASE("times are decimal seconds, cut to microseconds") {
  CHECK(lock("lock_timeout=0.000001").lock_timeout == 1us);
  CHECK(lock("lock_timeout=1.9999999").lock_timeout == 1'999'999us);
  CHECK(lock("lock_timeout=007.50").lock_timeout == 7500ms);
  CHECK(lock("lock_timeout=1.00000000000000000000000000000001").lock_timeout == 1s);
  CHECK(lock("lock_attempt_timeout=0.0000001").lock_attempt_timeout == 0s);
}

TEST_CASE("the limits may be asked for and nothing above them") {
  CHECK(lock("lock_timeout=86400").lock_timeout == 24h);
  CHECK(lock("lock_attempt_timeout=3600.0").lock_attempt_timeout == 1h);
  for (auto text : {"86400.000001", "86401", "999999999", "1000000000", "1000000001",
                    "9223372036854775807", "99999999999999999999999999"})
    CHECK(wrong_query(std::string{"lock_timeout="} + text) == bad_lock_timeout);
  CHECK(wrong_query("lock_attempt_timeout=3600.000001") == bad_attempt_timeout);
}

TEST_CASE("a lock lasts more than no time") {
  for (auto text : {"0", "0.0", "0.0000001", "-1", "-0", "-0.5"})
    CHECK(wrong_query(std::string{"lock_timeout="} + text) == bad_lock_timeout);
  CHECK(wrong_query("lock_attempt_timeout=-1") == bad_attempt_timeout);
  CHECK(wrong_query("lock_attempt_timeout=-0") == bad_attempt_timeout);
}

TEST_CASE("what is not decimal seconds is refused") {
  for (auto text : {"", "x", "1e3", "1s", "+1", " 1", "1 ", "1.", ".5", "1.2.3", "1,5", "0x10",
                    "inf", "nan", "1.-5", "%31"})
    CHECK(wrong_query(std::string{"lock_timeout="} + text) == bad_lock_timeout);
  CHECK(wrong_query("lock_timeout") == bad_lock_timeout);
  CHECK(wrong_query("lock_timeout=1=2") == bad_lock_timeout);
}

TEST_CASE("a parameter is given at most once") {
  CHECK(wrong_query("lock_timeout=1&lock_timeout=1") == "lock_timeout is given twice");
  CHECK(wrong_query("lock_attempt_timeout=1&lock_timeout=1&lock_attempt_timeout=2")
        == "lock_attempt_timeout is given twice");
}

TEST_CASE("an unknown parameter is refused") {
  for (auto query : {"x=1", "lock_timeout=1&x", "LOCK_TIMEOUT=1", "=1", "lock_timeout=1&&x=2"})
    CHECK(wrong_query(query)
          == "LOCK knows the parameters lock_timeout and lock_attempt_timeout only");
}

TEST_CASE("only LOCK has parameters") {
  for (auto target : {"/UNLOCK/k/o?lock_timeout=1", "/CHECK/k?x", "/PING?a=b", "/SHUTDOWN?now"})
    CHECK(refuse(target).reason == "only LOCK has parameters");
}

TEST_CASE("an empty query is none") {
  CHECK(accept("/LOCK/k/o?").what == command::verb::lock);
  CHECK(accept("/PING?").what == command::verb::ping);
}

TEST_CASE("a limit that is no whole number of seconds is told as it is") {
  auto no = parse_command("/LOCK/k/o?lock_timeout=9", name_encoding::percent, {1500ms, 1h});
  REQUIRE(std::holds_alternative<command_error>(no));
  CHECK(std::get<command_error>(no).reason
        == "lock_timeout must be decimal seconds above 0 and at most 1.5");
}

// -- answers ------------------------------------------------------------------

TEST_CASE("an expiry is in seconds since 1970 with six decimals") {
  CHECK(expiry(1'479'000'000'123'456) == "1479000000.123456\n");
  CHECK(expiry(1'479'000'000'000'000) == "1479000000.000000\n");
  CHECK(expiry(1'479'000'000'000'001) == "1479000000.000001\n");
  CHECK(expiry(9'999'999'999'999'999) == "9999999999.999999\n");
}

TEST_CASE("an expiry is appended") {
  std::string out = "1\n";
  append_expiry(out, 1'479'000'000'500'000);
  CHECK(out == "1\n1479000000.500000\n");
}
