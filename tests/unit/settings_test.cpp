#include "actors/rules/settings_table.hpp"
#include "lockserver/settings.hpp"
#include "net/dialects/openapi_document.hpp"

#include "tests/support/catch.hpp"

#include <cstdint>
#include <regex>
#include <set>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

using namespace lockserver;
using namespace std::chrono_literals;

namespace {

// What is wrong with the default settings after `change`.
template <class F>
std::string after(F change) {
  settings x;
  change(x);
  return validate(x);
}

// Whether every value in `good`, and none in `bad`, is accepted for a duration.
void check_range(settings::duration settings::*field, std::vector<settings::duration> good,
                 std::vector<settings::duration> bad) {
  for (auto x : good) {
    CAPTURE(x.count());
    CHECK(after([&](settings& s) { s.*field = x; }) == "");
  }
  for (auto x : bad) {
    CAPTURE(x.count());
    CHECK(after([&](settings& s) { s.*field = x; }) != "");
  }
}

// A value that no setting has by default, and what is none of its values.
struct sample {
  const char* right;
  std::vector<const char*> wrong;
};

sample sample_of(setting_kind kind) {
  switch (kind) {
    case setting_kind::address:
      return {"10.0.0.7", {}};
    case setting_kind::hosts:
      return {"a,b", {}};
    case setting_kind::file:
    case setting_kind::directory:
      return {"some/where", {""}};
    case setting_kind::port:
      return {"7", {"", "x", "-1", "65536", "7 "}};
    case setting_kind::number:
      return {"7", {"", "x", "-1", "0x1", "99999999999999999999"}};
    case setting_kind::seconds:
      return {"2.5", {"", "x", "-1", "1e3", "3s", "nan", "max"}};
    case setting_kind::seconds_or_max:
      return {"max", {"", "x", "-1", "maximum"}};
    case setting_kind::flag:
      return {"true", {"", "maybe", "TRUE"}};
    case setting_kind::client_certificates:
      return {"require", {"", "yes", "REQUIRE"}};
    case setting_kind::tls_version:
      return {"1.3", {"", "1.1", "1", "TLS1.3"}};
    case setting_kind::audit_level:
      return {"changes", {"", "all", "Changes"}};
    case setting_kind::sync:
      break;
  }
  return {"off", {"", "never"}};
}

// Sets a number, or a time in microseconds. Returns whether the setting is one of them,
// and can be `value`.
bool set_amount(const setting& row, std::int64_t value, settings& x) {
  return std::visit(
    [&](auto member) {
      using type = std::decay_t<decltype(x.*member)>;
      if constexpr (std::is_same_v<type, settings::duration>)
        x.*member = settings::duration{value};
      else if constexpr (std::is_integral_v<type> && !std::is_same_v<type, bool>)
        x.*member = static_cast<type>(value);
      else
        return false;
      return value >= 0 || std::is_same_v<type, settings::duration>;
    },
    row.member);
}

// The words that `pattern` finds in openapi.yaml's description of the settings.
std::set<std::string> described(const char* pattern) {
  std::string document{openapi_document};
  auto begin = document.find("What the server was started with");
  auto text = document.substr(begin, document.find("\n        counts:", begin) - begin);
  std::regex word{pattern};
  std::set<std::string> result;
  for (std::sregex_iterator i{text.begin(), text.end(), word}, end; i != end; ++i)
    result.insert((*i)[1]);
  return result;
}

constexpr settings::duration year = 24h * 365;
constexpr auto huge = settings::duration::max();

} // namespace

TEST_CASE("the defaults can be served, and are those of Lock::Server where it has any") {
  settings x;
  CHECK(validate(x) == "");
  CHECK(x.host == "127.0.0.1");
  CHECK(x.port == 8004);
  CHECK(x.lock_timeout == 3s);
  CHECK(x.lock_attempt_timeout == 4s);
  CHECK(!x.allow_shutdown);
  CHECK(x.reconnect_attempts == 10);
  CHECK(x.time_between_attempts == 5s);
}

TEST_CASE("a lock lasts more than no time and at most its limit") {
  check_range(&settings::lock_timeout, {1us, 24h}, {0s, -1us, 24h + 1us, huge});
  CHECK(after([](settings& x) { x.max_lock_timeout = 2s; })
        == "lock-timeout must be above 0 and at most max-lock-timeout");
}

TEST_CASE("an attempt waits no time at least and at most its limit") {
  check_range(&settings::lock_attempt_timeout, {0s, 1us, 1h}, {-1us, 1h + 1us, huge});
  CHECK(after([](settings& x) { x.max_lock_attempt_timeout = 3s; })
        == "lock-attempt-timeout must be 0 or more and at most max-lock-attempt-timeout");
}

TEST_CASE("no limit is above a year") {
  check_range(&settings::max_lock_timeout, {3s, year}, {year + 1us, huge, 0s, -1s});
  check_range(&settings::max_lock_attempt_timeout, {4s, year}, {year + 1us, huge, 0s, -1s});
}

TEST_CASE("no other time is so long that adding it to a clock overflows") {
  auto positive = {&settings::header_timeout, &settings::idle_timeout, &settings::write_timeout,
                   &settings::answer_margin};
  for (auto field : positive)
    check_range(field, {1us, year}, {0s, -1us, year + 1us, huge});
  check_range(&settings::key_idle_timeout, {0s, 1us, year}, {-1us, year + 1us, huge});
  check_range(&settings::restart_grace, {0s, 1us, year}, {-1us, year + 1us});
  check_range(&settings::time_between_attempts, {0s, 1us, year}, {-1us, year + 1us, huge});
}

TEST_CASE("the grace after a restart can be as long as any lock may last") {
  settings x;
  x.max_lock_timeout = 7s;
  x.restart_grace = 3s;
  CHECK(restart_grace(x) == 3s);
  x.restart_grace = settings::as_long_as_locks;
  CHECK(restart_grace(x) == 7s);
  CHECK(validate(x).empty());
}

TEST_CASE("a server that knows what is held needs no grace after a restart") {
  auto durable_with = [](settings::duration grace) {
    return after([&](settings& x) {
      x.data_dir = "/var/lib/lockserver";
      x.restart_grace = grace;
    });
  };
  CHECK(durable_with(0s) == "");
  auto refusal = "restart-grace is for servers without a data-dir: one with it knows what is held";
  CHECK(durable_with(1us) == refusal);
  CHECK(durable_with(settings::as_long_as_locks) == refusal);
}

TEST_CASE("counts are at least one") {
  CHECK(after([](settings& x) { x.reconnect_attempts = 0; })
        == "reconnect-attempts must be 1 or more");
  CHECK(after([](settings& x) { x.max_connections = 0; }) == "max-connections must be 1 or more");
  CHECK(after([](settings& x) { x.threads = 0; }) == "threads must be 1 to 256");
  CHECK(after([](settings& x) { x.threads = 257; }) == "threads must be 1 to 256");
  CHECK(after([](settings& x) { x.threads = 256; }) == "");
}

TEST_CASE("a host is needed, a port is not") {
  CHECK(after([](settings& x) { x.host = ""; })
        == "host must not be empty: 127.0.0.1 for this machine, 0.0.0.0 for all");
  CHECK(after([](settings& x) { x.port = 0; }) == "");
}

TEST_CASE("the settings of TLS fit each other") {
  auto tls = [](auto change) {
    return after([&](settings& x) {
      x.tls_certificate = "a.pem";
      x.tls_key = "a.key";
      change(x);
    });
  };
  CHECK(tls([](settings&) {}) == "");
  CHECK(tls([](settings& x) { x.tls_key = ""; }).starts_with("tls-certificate and tls-key go"));
  CHECK(
    tls([](settings& x) { x.tls_certificate = ""; }).starts_with("tls-certificate and tls-key go"));
  for (auto who : {client_certificates::accept, client_certificates::require}) {
    CHECK(tls([&](settings& x) {
            x.tls_clients = who;
          }).starts_with("tls-clients needs a tls-clients-authority"));
    CHECK(tls([&](settings& x) {
            x.tls_clients = who;
            x.tls_clients_authority = "b.pem";
          })
          == "");
    CHECK(after([&](settings& x) { x.tls_clients = who; }).starts_with("tls-clients needs TLS"));
  }
  CHECK(tls([](settings& x) {
          x.tls_clients_authority = "b.pem";
        }).starts_with("tls-clients-authority needs tls-clients"));
  CHECK(tls([](settings& x) { x.plain_port = 0; }) == "");
  CHECK(tls([](settings& x) { x.plain_port = x.port; })
        == "plain-port and port must differ: one "
           "port speaks one protocol");
  CHECK(
    after([](settings& x) { x.plain_port = 0; }).starts_with("plain-port is for a port beside"));
}

TEST_CASE("the hosts that may be named are a list of names and addresses") {
  auto hosts = [](const std::string& list) {
    return after([&](settings& x) { x.allowed_hosts = list; });
  };
  for (auto list :
       {"", "*", "a", "a.example, B.example", "10.0.0.7,[::1],localhost", "10.0.0.7.example"})
    CHECK(hosts(list) == "");
  for (auto list : {"a:80", "[::1]:80", "a,", ",a", "a b", "::1", "http://a", "a/b", "[a]", "u@a"})
    CHECK(hosts(list).starts_with("allowed-hosts must be "));
}

TEST_CASE("each setting is read and written as text, and none changes another") {
  for (auto& row : settings_table()) {
    CAPTURE(row.name);
    auto [right, wrong] = sample_of(row.kind);
    settings x;
    CHECK(text_of(row, x) != right);
    CHECK(read_text(row, right, x));
    for (auto& other : settings_table())
      CHECK(text_of(other, x) == (&other == &row ? right : text_of(other, {})));
    for (auto* text : wrong) {
      CAPTURE(text);
      CHECK_FALSE(read_text(row, text, x));
    }
  }
}

TEST_CASE("each setting is refused beyond its limits by a sentence that names it") {
  for (auto& row : settings_table()) {
    CAPTURE(row.name);
    auto after_setting = [&row](std::int64_t value) {
      settings x;
      return set_amount(row, value, x) ? check_limits(row, x) : "";
    };
    auto [least, most, above_least] = row.limits;
    auto sentence = std::string{row.name} + " must be ";
    CHECK(after_setting(least + 1) == "");
    if (above_least)
      CHECK(after_setting(least).starts_with(sentence));
    else
      CHECK(after_setting(least) == "");
    settings x;
    if (set_amount(row, least - 1, x))
      CHECK(check_limits(row, x).starts_with(sentence));
    if (most == setting_limits::none)
      continue;
    CHECK(after_setting(most) == "");
    CHECK(after_setting(most + 1).starts_with(sentence));
  }
}

TEST_CASE("every setting is an option, but for two that only tests and programs set") {
  std::set<std::string> without_option;
  for (auto& row : settings_table())
    if (row.group == nullptr)
      without_option.insert(row.name);
  CHECK(without_option == std::set<std::string>{"answer-margin", "key-idle-timeout"});
}

TEST_CASE("openapi.yaml describes the settings that GET /v1/server shows, and no others") {
  std::set<std::string> expected{"durable"}; // Tells whether there is a data-dir, not where.
  for (auto& row : settings_table())
    if (row.is_shown)
      expected.insert(json_name(row));
  CHECK(described("\n {12}- ([a-z_]+)") == expected);
  CHECK(described("\n {12}([a-z_]+):") == expected);
}
