// Durations as lockctl reads and shows them.
#include "apps/lockctl/duration.hpp"

#include "tests/support/catch.hpp"

using namespace lockserver::lockctl;
using namespace std::chrono_literals;

TEST_CASE("a duration is a number with a unit, or seconds") {
  CHECK(read_duration("500ms") == 500ms);
  CHECK(read_duration("30s") == 30s);
  CHECK(read_duration("30") == 30s);
  CHECK(read_duration("0") == 0ms);
  CHECK(read_duration("1.5h") == 90min);
  CHECK(read_duration("5m") == 5min);
  CHECK(read_duration("2d") == 48h);
  for (auto* text :
       {"", "s", "-1s", "1x", "1 s", "1s ", "1e3", "nan", "inf", "9999999d", ".", "inf", "-0.5s"})
    CHECK(!read_duration(text));
}

TEST_CASE("a duration may have several units that get smaller") {
  CHECK(read_duration("1h30m") == 90min);
  CHECK(read_duration("1m30s") == 90s);
  CHECK(read_duration("1d2h3m4s5ms") == 26h + 3min + 4005ms);
  CHECK(read_duration("90m10s") == 90min + 10s);
  for (auto* text : {"30m1h", "1h1h", "1h30", "1.5h30m", "1h1.5m", "1h-5m", "1h 5m", "30500ms1",
                     "1h5x", "36500d24h"})
    CHECK(!read_duration(text));
}

TEST_CASE("a duration is shown in two units at most") {
  CHECK(show_duration(0ms) == "0ms");
  CHECK(show_duration(340ms) == "340ms");
  CHECK(show_duration(12s) == "12s");
  CHECK(show_duration(12345ms) == "12.3s");
  CHECK(show_duration(10min) == "10m");
  CHECK(show_duration(4min + 5s) == "4m05s");
  CHECK(show_duration(2h + 30min) == "2h30m");
  CHECK(show_duration(76h) == "3d04h");
}
