#include "lockserver/settings.hpp"

#include "tests/support/catch.hpp"

#include <string>
#include <vector>

using lockserver::settings;
using lockserver::validate;
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
