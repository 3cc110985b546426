// How long a client may rely on a lock.
#pragma once

#include <algorithm>
#include <chrono>

namespace lockserver {

/// How much earlier a grant ends for its holder than computed: a hundredth of the time,
/// because clocks run at different speeds, and at least 2 ms, because the server rounds
/// times.
inline std::chrono::nanoseconds safety_margin(std::chrono::nanoseconds lasts) {
  return std::max<std::chrono::nanoseconds>(lasts / 100, std::chrono::milliseconds{2});
}

} // namespace lockserver
