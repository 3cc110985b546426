// The clock by which a client knows until when its lock is safe.
#pragma once

#include <chrono>
#include <ctime>

namespace lockserver {

/// Counts from the start of this machine. It goes on while the process or the machine is
/// suspended, unlike `std::chrono::steady_clock` on Linux. Nobody can set it.
struct boot_clock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<boot_clock>;
  static constexpr bool is_steady = true;

  static time_point now() noexcept {
    std::timespec x{};
#ifdef CLOCK_BOOTTIME
    clock_gettime(CLOCK_BOOTTIME, &x);
#else
    clock_gettime(CLOCK_MONOTONIC, &x);
#endif
    return time_point{std::chrono::seconds{x.tv_sec} + std::chrono::nanoseconds{x.tv_nsec}};
  }
};

} // namespace lockserver
