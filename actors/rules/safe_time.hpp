// How long a client may count on a lock.
#pragma once

#include <algorithm>
#include <chrono>

namespace lockserver {

/// How much earlier than computed a grant ends for its holder: a hundredth of
/// the time, for clocks that run at different speeds, and at least 2 ms, for
/// what the server rounds.
inline std::chrono::nanoseconds safety_margin(std::chrono::nanoseconds lasts) {
  return std::max<std::chrono::nanoseconds>(lasts / 100, std::chrono::milliseconds{2});
}

} // namespace lockserver
