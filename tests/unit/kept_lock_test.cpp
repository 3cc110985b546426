#include "actors/rules/kept_lock.hpp"

#include "lockserver/boot_clock.hpp"
#include "tests/support/catch.hpp"

#include <chrono>

using namespace lockserver;
using namespace std::chrono_literals;

namespace {

using time_point = boot_clock::time_point;
using lock = kept_lock<time_point>;

constexpr time_point t0{1000s};

} // namespace

TEST_CASE("a kept lock is renewed after a third of its time") {
  lock x{t0, t0 + 30s, 30s};
  CHECK(x.renew_at() == t0 + 10s);
  x.renewed(t0 + 10s, t0 + 70s, 60s);
  CHECK(x.renew_at() == t0 + 30s);
}

TEST_CASE("a lock that was granted some time ago is renewed after a third of what is left") {
  CHECK(lock{t0, t0 + 3s, 30s}.renew_at() == t0 + 1s);
  CHECK(lock{t0, t0 - 1s, 30s}.renew_at() == t0);
}

TEST_CASE("a lock that asks for less than it was granted goes by what it asks for") {
  CHECK(lock{t0, t0 + 1h, 30ms}.renew_at() == t0 + 10ms);
}

TEST_CASE("a renewal that failed is tried again after a twentieth of the time") {
  lock x{t0, t0 + 4s, 4s};
  x.not_renewed(t0 + 1s);
  CHECK(x.renew_at() == t0 + 1200ms);
  x.not_renewed(t0 + 2s);
  CHECK(x.renew_at() == t0 + 2200ms);
}

TEST_CASE("tries are neither so near that they hurt a server nor so far that they miss it") {
  CHECK(lock::retry_pause(1ms) == 10ms);
  CHECK(lock::retry_pause(200ms) == 10ms);
  CHECK(lock::retry_pause(2s) == 100ms);
  CHECK(lock::retry_pause(20s) == 1s);
  CHECK(lock::retry_pause(24h) == 1s);
}

TEST_CASE("renewals come a millisecond apart at most often") {
  CHECK(lock::renewal_period(0ms) == 1ms);
  CHECK(lock::renewal_period(1ms) == 1ms);
  CHECK(lock::renewal_period(9ms) == 3ms);
}

TEST_CASE("a lock is lost a hundredth before its time, and 2 ms at least") {
  CHECK(lock::safe_after(t0, 100s) == t0 + 99s);
  CHECK(lock::safe_after(t0, 50ms) == t0 + 48ms);
  lock x{t0, lock::safe_after(t0, 100s), 100s};
  CHECK(!x.is_lost(t0 + 99s - 1ns));
  CHECK(x.is_lost(t0 + 99s));
  x.renewed(t0 + 50s, lock::safe_after(t0 + 50s, 100s), 100s);
  CHECK(!x.is_lost(t0 + 149s - 1ns));
  CHECK(x.is_lost(t0 + 149s));
}

TEST_CASE("a renewal that failed takes nothing from the time of the lock") {
  lock x{t0, t0 + 4s, 4s};
  x.not_renewed(t0 + 3900ms);
  CHECK(!x.is_lost(t0 + 4s - 1ns));
  CHECK(x.is_lost(t0 + 4s));
}

TEST_CASE("a lock without an end of its own is never lost") {
  CHECK(lock::safe_after(t0, lock::duration::max()) == time_point::max());
}
