#include "actors/store_clock.hpp"

#include "tests/support/catch.hpp"

using namespace lockserver;
using namespace std::chrono_literals;

namespace {

using us = clock_reading::duration;

// The last commit: 1000 s after the machine was started, at noon.
constexpr us noon = 43'200s;
const clock_reading last{"a", 900s, 1000s, noon};

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

TEST_CASE("this machine's clocks go on") {
  auto first = read_machine_clock();
  auto second = read_machine_clock();
  CHECK(second.boot >= first.boot);
  CHECK(second.steady >= first.steady);
  CHECK(second.boot_id == first.boot_id);
}
