#include "store/sqlite/store_clock.hpp"

#include "store/sqlite/sqlite_store.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/stored.hpp"
#include "tests/support/temporary_directory.hpp"

#include <cstddef>
#include <vector>

using namespace lockserver;
using namespace std::chrono_literals;

namespace {

using us = clock_reading::duration;

// The last commit: 1000 s after the machine was started, at noon.
constexpr us noon = 43'200s;
const clock_reading last{"a", 900s, 1000s, noon};

// A machine on which the thread that reads the clocks is interrupted after some
// of the readings. The steady clock is 100 s behind the boot clock.
struct busy_machine {
  std::string boot_id = "a";
  std::chrono::nanoseconds boot = 1000s;
  std::chrono::nanoseconds wall_minus_boot = noon - 1000s;
  std::vector<std::chrono::nanoseconds> pauses; // after the n-th reading, once
  std::size_t readings = 0;

  clock_sources sources() {
    auto read = [this](std::chrono::nanoseconds distance) {
      auto result = boot + distance;
      if (readings < pauses.size())
        boot += pauses[readings];
      ++readings;
      return result;
    };
    return {boot_id, [=] { return read(-100s); }, [=] { return read(0s); },
            [=, this] { return read(wall_minus_boot); }};
  }
  clock_reading read(std::vector<std::chrono::nanoseconds> x = {}) {
    pauses = std::move(x);
    readings = 0;
    return read_clocks(sources());
  }
};

// Three seconds after the reading at `place`, each time one is tried.
std::vector<std::chrono::nanoseconds> paused_at(std::size_t place) {
  std::vector<std::chrono::nanoseconds> result;
  for (std::size_t i = 0; i < 50; ++i)
    result.emplace_back(i % 5 == place ? 3s : 0s);
  return result;
}

} // namespace

TEST_CASE("while the machine runs on, the boot clock counts") {
  CHECK(elapsed(last, {"a", 907s, 1007s, noon + 7s}) == 7s);
  CHECK(time_left(1060s, 100s, last, {"a", 907s, 1007s, noon + 7s}) == 53s);
}

TEST_CASE("a wall clock that is set while the machine runs changes nothing") {
  CHECK(elapsed(last, {"a", 907s, 1007s, noon + 24h}) == 7s);
  CHECK(elapsed(last, {"a", 907s, 1007s, noon - 24h}) == 7s);
}

TEST_CASE("time in which the machine was suspended has passed") {
  CHECK(elapsed(last, {"a", 901s, 1601s, noon + 601s}) == 601s);
}

TEST_CASE("when the machine has been started since, the wall clock counts, less the slack") {
  CHECK(elapsed(last, {"b", 40s, 40s, noon + 100s}) == 98s);
  CHECK(time_left(1500s, 3600s, last, {"b", 40s, 40s, noon + 100s}) == 402s);
}

TEST_CASE("at least the time since the machine was started has passed") {
  CHECK(elapsed(last, {"b", 40s, 40s, noon + 41s}) == 40s);
  CHECK(elapsed(last, {"b", 40s, 40s, noon - 24h}) == 40s);
  CHECK(elapsed(last, {"b", 40s, 40s, 0s}) == 40s);
}

TEST_CASE("a boot clock that goes back is that of another life of the machine") {
  CHECK(!same_boot(last, {"a", 890s, 999s, noon + 50s}));
  CHECK(same_boot(last, {"a", 900s, 1000s, noon}));
  CHECK(elapsed(last, {"a", 10s, 10s, noon + 50s}) == 48s);
}

TEST_CASE("without a boot id, each start counts as one of the machine") {
  CHECK(!same_boot({"", 1s, 1s, noon}, {"", 2s, 2s, noon}));
}

TEST_CASE("what is left is at least nothing and at most the ttl") {
  CHECK(time_left(1060s, 100s, last, {"a", 960s, 1060s, noon}) == 0s);
  CHECK(time_left(1060s, 100s, last, {"a", 9900s, 10'000s, noon}) == 0s);
  CHECK(time_left(5000s, 100s, last, {"a", 900s, 1000s, noon}) == 100s);
}

TEST_CASE("clocks that are read without a pause say what time it is") {
  busy_machine on;
  auto x = on.read();
  CHECK(x.boot_id == "a");
  CHECK(x.boot == 1000s);
  CHECK(x.wall == noon);
  CHECK(x.to_boot() == 100s + 1us);
  CHECK(x.to_steady() == -100s);
  CHECK(x.took == 1us);
  CHECK(on.readings == 5);
}

TEST_CASE("clocks are read again after a pause, and the shortest reading counts") {
  busy_machine on;
  auto x = on.read({0s, 3s, 0s, 0s, 0s, 0s, 999us});
  CHECK(on.readings == 10);
  CHECK(x.boot == 1003s);
  CHECK(x.took == 1000us);
  // Never short enough: ten tries, of which the fourth is the best.
  std::vector<std::chrono::nanoseconds> pauses(50, 100ms);
  pauses[16] = 50ms;
  x = on.read(pauses);
  CHECK(on.readings == 50);
  CHECK(x.took == 350ms + 1us);
}

TEST_CASE("whatever pause there is between two clocks, times turn out late rather than early") {
  auto place = GENERATE(range(std::size_t{0}, std::size_t{5}));
  CAPTURE(place);
  busy_machine on;
  on.boot += 999ns; // so that nothing is a whole number of microseconds
  auto x = on.read(paused_at(place));
  CHECK(x.to_boot() >= 100s);
  CHECK(x.to_boot() <= 103s + 2us);
  CHECK(x.to_steady() >= -100s);
  CHECK(x.to_steady() <= -97s + 2us);
}

TEST_CASE("a machine that is suspended between two clocks does not shorten what is left") {
  // Noted without a pause; then the machine was off for 100 s.
  auto place = GENERATE(range(std::size_t{0}, std::size_t{4}));
  CAPTURE(place);
  busy_machine on{"b", 40s, noon + 60s, {}, 0};
  auto suspended = paused_at(place);
  auto now = on.read(suspended);
  auto left = time_left(1500s, 3600s, last, now);
  // By the boot clock it ends at 1500 - 1000 - 100 + 40 s, and later by the slack.
  CHECK(now.boot + left >= 440s);
}

TEST_CASE("a lock never ends earlier than promised, whatever pauses there are") {
  auto at_write = GENERATE(range(std::size_t{0}, std::size_t{6}));
  auto at_start = GENERATE(range(std::size_t{0}, std::size_t{6}));
  auto at_load = GENERATE(range(std::size_t{0}, std::size_t{6}));
  auto restarted = GENERATE(false, true);
  CAPTURE(at_write, at_start, at_load, restarted);
  busy_machine on;
  std::size_t place = 5; // of no pause
  auto clock = [&] { return on.read(paused_at(place)); };
  test::temporary_directory directory{"/dev/shm"};
  std::chrono::nanoseconds end{}; // by the boot clock
  {
    sqlite_store store{directory.path(), sync_mode::off, clock};
    place = at_write;
    grant_record grant;
    grant.token = 1;
    grant.owner = "o";
    grant.since = on.boot - 100s;
    grant.ttl = 1000s + 1ns;
    grant.expires_at = grant.since + grant.ttl;
    end = on.boot + grant.ttl;
    REQUIRE(test::commit(store, {{"k", grant}}).empty());
  }
  if (restarted) { // and the wall clock goes on
    on.wall_minus_boot += on.boot;
    end -= on.boot;
    on.boot = 0s;
    on.boot_id = "b";
  }
  place = at_start;
  sqlite_store store{directory.path(), sync_mode::off, clock};
  place = at_load;
  auto found = test::contents_of(store).grants;
  REQUIRE(found.size() == 1);
  CHECK(found.at(1).second.expires_at + 100s >= end);
}

TEST_CASE("this machine's clocks go on") {
  auto first = read_machine_clock();
  auto second = read_machine_clock();
  CHECK(second.boot >= first.boot);
  CHECK(second.steady >= first.steady);
  CHECK(second.boot_id == first.boot_id);
}
