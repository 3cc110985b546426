#include "actors/store_clock.hpp"

#include "lockserver/boot_clock.hpp"

#include <algorithm>
#include <fstream>

namespace lockserver {

bool same_boot(const clock_reading& last, const clock_reading& now) {
  return !now.boot_id.empty() && last.boot_id == now.boot_id && now.boot >= last.boot;
}

clock_reading::duration elapsed(const clock_reading& last, const clock_reading& now) {
  if (same_boot(last, now))
    return now.boot - last.boot;
  return std::max(now.boot, now.wall - last.wall - slack);
}

clock_reading::duration time_left(clock_reading::duration expires_at, clock_reading::duration ttl,
                                  const clock_reading& last, const clock_reading& now) {
  using duration = clock_reading::duration;
  return std::clamp(expires_at - last.boot - elapsed(last, now), duration::zero(),
                    std::max(ttl, duration::zero()));
}

clock_reading read_machine_clock() {
  using std::chrono::duration_cast;
  using duration = clock_reading::duration;
  // Where there is none, each start counts as one of the machine.
  static const auto boot_id = [] {
    std::string result;
    std::getline(std::ifstream{"/proc/sys/kernel/random/boot_id"}, result);
    return result;
  }();
  return {boot_id, duration_cast<duration>(std::chrono::steady_clock::now().time_since_epoch()),
          duration_cast<duration>(boot_clock::now().time_since_epoch()),
          duration_cast<duration>(std::chrono::system_clock::now().time_since_epoch())};
}

} // namespace lockserver
