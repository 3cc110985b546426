#include "store/sqlite/store_clock.hpp"

#include "lockserver/boot_clock.hpp"

#include <algorithm>
#include <fstream>
#include <utility>

namespace lockserver {

namespace {

// A reading that took no longer is as good as one of a single moment. Longer
// ones are right as well, but make locks last so much longer.
constexpr auto short_pause = std::chrono::milliseconds{1};

// On a machine that is so busy that none is short, the shortest of so many.
constexpr int most_tries = 10;

} // namespace

bool same_boot(const clock_reading& last, const clock_reading& now) {
  return !now.boot_id.empty() && last.boot_id == now.boot_id && now.boot >= last.boot;
}

clock_reading::duration elapsed(const clock_reading& last, const clock_reading& now) {
  if (same_boot(last, now))
    return now.boot - last.boot;
  // Wall times are read after their boot times, `took` later at most. For `last`
  // that errs on the late side, for `now` on the early one.
  return std::max(now.boot, now.wall - now.took - last.wall - slack);
}

clock_reading::duration time_left(clock_reading::duration expires_at, clock_reading::duration ttl,
                                  const clock_reading& last, const clock_reading& now) {
  using duration = clock_reading::duration;
  return std::clamp(expires_at - last.boot - elapsed(last, now), duration::zero(),
                    std::max(ttl, duration::zero()));
}

clock_reading read_clocks(const clock_sources& x) {
  using std::chrono::ceil;
  using std::chrono::floor;
  using duration = clock_reading::duration;
  clock_reading result;
  for (int i = 0; i < most_tries; ++i) {
    // The microsecond is for the rounding of the next: see `to_boot`.
    auto steady = floor<duration>(x.steady()) - duration{1};
    auto boot = floor<duration>(x.boot());
    auto wall = floor<duration>(x.wall());
    // Only the boot clock counts time in which the machine was suspended.
    auto by_boot = ceil<duration>(x.boot()) - boot;
    auto took = std::max(by_boot, ceil<duration>(x.steady()) - steady);
    if (i == 0 || took < result.took)
      result = {x.boot_id, steady, boot, wall, took};
    if (took <= short_pause)
      break;
  }
  return result;
}

clock_reading read_machine_clock() {
  // Where there is no boot id, each start counts as one of the machine.
  static const clock_sources clocks = [] {
    std::string boot_id;
    std::getline(std::ifstream{"/proc/sys/kernel/random/boot_id"}, boot_id);
    return clock_sources{std::move(boot_id),
                         [] { return std::chrono::steady_clock::now().time_since_epoch(); },
                         [] { return boot_clock::now().time_since_epoch(); },
                         [] { return std::chrono::system_clock::now().time_since_epoch(); }};
  }();
  return read_clocks(clocks);
}

} // namespace lockserver
