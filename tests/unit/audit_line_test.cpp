#include "net/access/audit_line.hpp"

#include "tests/support/catch.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <string>
#include <utility>

using namespace lockserver;
using namespace std::chrono_literals;

namespace {

std::string member(const audit_entry& x, const char* name) {
  auto line = audit_line(x);
  CAPTURE(line);
  REQUIRE(line.find('\n') == line.size() - 1);
  auto value = boost::json::parse(line).at(name);
  return value.is_string() ? std::string{value.as_string().c_str()} : serialize(value);
}

} // namespace

TEST_CASE("an event is one line of JSON with all its members in order") {
  audit_entry x;
  x.time = std::chrono::system_clock::time_point{1'795'684'208s + 7ms};
  x.event = audit_event::refused;
  x.identity = "ci";
  x.address = "192.0.2.1";
  x.key = "deploy/x";
  x.owner = "ops";
  x.token = 17;
  x.outcome = "owner_not_yours";
  x.reason = "the client may not act for this owner";
  x.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  CHECK(audit_line(x)
        == R"({"time":"2026-11-26T09:10:08.007Z","event":"refused","identity":"ci",)"
           R"("address":"192.0.2.1","key":"deploy/x","owner":"ops","token":17,)"
           R"("outcome":"owner_not_yours","reason":"the client may not act for this owner",)"
           R"("traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"})"
           "\n");
}

TEST_CASE("what is not known is null, and a traceparent is there only if there is one") {
  CHECK(audit_line({.event = audit_event::reload, .outcome = "ok"})
        == R"({"time":"1970-01-01T00:00:00.000Z","event":"reload","identity":null,)"
           R"("address":null,"key":null,"owner":null,"token":null,"outcome":"ok","reason":null})"
           "\n");
}

TEST_CASE("each event has a name of its own") {
  using enum audit_event;
  const std::pair<audit_event, const char*> names[]
    = {{refused, "refused"},   {force, "force"},   {lease_ended, "lease_ended"},
       {shutdown, "shutdown"}, {reload, "reload"}, {granted, "granted"},
       {ended, "ended"}};
  for (auto& [event, name] : names)
    CHECK(member({.event = event}, "event") == name);
}

TEST_CASE("no name makes a line of its own, or one that is no JSON") {
  CHECK(member({.key = "a\"b\n\x1b"}, "key") == "a\"b\n\x1b");
  CHECK(member({.owner = "\xc3\xa4"}, "owner") == "\xc3\xa4");
  CHECK(member({.owner = "a\xff\xfe\xc3(b\xe2\x82"}, "owner")
        == "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd(b\xef\xbf\xbd\xef\xbf\xbd");
  CHECK(member({.token = std::uint64_t(-1)}, "token") == "18446744073709551615");
}

TEST_CASE("a time before 1970 and a long one are written, too") {
  CHECK(member({.time = std::chrono::system_clock::time_point{-1ms}}, "time")
        == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("refusals are written unless the audit is off, and changes if it has them") {
  using enum audit_event;
  for (auto x : {refused, force, lease_ended, shutdown, reload}) {
    CHECK(!is_audited(x, audit_level::off));
    CHECK(is_audited(x, audit_level::refusals));
    CHECK(is_audited(x, audit_level::changes));
  }
  for (auto x : {granted, ended}) {
    CHECK(!is_audited(x, audit_level::off));
    CHECK(!is_audited(x, audit_level::refusals));
    CHECK(is_audited(x, audit_level::changes));
  }
}
