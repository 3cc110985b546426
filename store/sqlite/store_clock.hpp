// How much time has passed since a store was last written, be it by a server
// that ran on until just now or before this machine was started. Pure, but for
// `read_machine_clock`.
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace lockserver {

/// What the machine's clocks said, as time since their epochs. They cannot be
/// read at one moment: the thread may be interrupted between any two. So they
/// are read in the order of the members, and `took` says within what time.
struct clock_reading {
  using duration = std::chrono::microseconds;

  std::string boot_id{}; ///< Another one each time the machine starts.
  duration steady{};     ///< What the rules go by.
  duration boot{};       ///< Since the machine was started, suspended or not; never set.
  duration wall{};       ///< Since 1970; anyone may set it.
  duration took{};       ///< From before the first was read until after the last, at most.

  /// What turns a steady time into a boot time. Whatever pause there was, the
  /// result is not earlier than it should be.
  duration to_boot() const noexcept {
    return boot - steady;
  }
  /// The same for a boot time that becomes a steady time.
  duration to_steady() const noexcept {
    return steady + took - boot;
  }
};

/// Where a reading comes from: each returns the time since its clock's epoch.
struct clock_sources {
  using clock = std::function<std::chrono::nanoseconds()>;

  std::string boot_id{};
  clock steady{};
  clock boot{};
  clock wall{};
};

/// Reads all clocks. Tries again, a few times, when that has taken more than a
/// millisecond, and returns the reading that took least.
clock_reading read_clocks(const clock_sources& x);

/// Whether the machine has run on from `last` to `now`. A boot clock that goes
/// back is that of a virtual machine which was set back to an earlier state.
bool same_boot(const clock_reading& last, const clock_reading& now);

/// How much time has certainly, or else most likely, passed from `last` to
/// `now`.
///
/// In one life of the machine the boot clock knows, whatever was done to the
/// wall clock. Across a restart only the wall clock went on. If it was set
/// while the machine was off, or in the seconds before that (see
/// `sqlite_store::keep`), nobody can tell: this is the one case in which it is an
/// estimate. It is made on the short side, so that locks end late rather than
/// early: less `slack` and less what the readings took; and if the wall clock was set back, only the time since
/// the machine was started counts, which has passed in any case.
clock_reading::duration elapsed(const clock_reading& last, const clock_reading& now);

/// A hardware clock keeps whole seconds, and drifts.
inline constexpr auto slack = std::chrono::seconds{2};

/// What is left of a grant or a lease that ended at `expires_at` by the boot
/// clock of `last`, of `ttl` in the beginning: at least nothing and at most
/// `ttl`.
clock_reading::duration time_left(clock_reading::duration expires_at, clock_reading::duration ttl,
                                  const clock_reading& last, const clock_reading& now);

/// What this machine's clocks say. Thread-safe.
clock_reading read_machine_clock();

} // namespace lockserver
