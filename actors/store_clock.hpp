// How much time has passed since a store was last written, be it by a server
// that ran on until just now or before this machine was started. Pure, but for
// `read_machine_clock`.
#pragma once

#include <chrono>
#include <string>

namespace lockserver {

/// What the machine's clocks said at one moment, as time since their epochs.
struct clock_reading {
  using duration = std::chrono::microseconds;

  std::string boot_id{}; ///< Another one each time the machine starts.
  duration steady{};     ///< What the rules go by.
  duration boot{};       ///< Since the machine was started, suspended or not; never set.
  duration wall{};       ///< Since 1970; anyone may set it.
};

/// Whether the machine has run on from `last` to `now`. A boot clock that goes
/// back is that of a virtual machine which was set back to an earlier state.
bool same_boot(const clock_reading& last, const clock_reading& now);

/// How much time has certainly, or else most likely, passed from `last` to
/// `now`.
///
/// In one life of the machine the boot clock knows, whatever was done to the
/// wall clock. Across a restart only the wall clock went on. If it was set
/// while the machine was off, or in the seconds before that (see
/// `store::keep_time`), nobody can tell: this is the one case in which it is an
/// estimate. It is made on the short side, so that locks end late rather than
/// early: less `slack`; and if the wall clock was set back, only the time since
/// the machine was started counts, which has passed in any case.
clock_reading::duration elapsed(const clock_reading& last, const clock_reading& now);

/// A hardware clock keeps whole seconds, and drifts.
inline constexpr auto slack = std::chrono::seconds{2};

/// What is left of a grant or a lease that ended at `expires_at` by the boot
/// clock of `last`, of `ttl` in the beginning: at least nothing and at most
/// `ttl`.
clock_reading::duration time_left(clock_reading::duration expires_at, clock_reading::duration ttl,
                                  const clock_reading& last, const clock_reading& now);

/// What this machine's clocks say.
clock_reading read_machine_clock();

} // namespace lockserver
