// Makes fencing tokens. Knows no keys, actors or files.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace lockserver {

/// Returns ever greater 64-bit numbers, one for each grant of a server.
///
/// Tokens must also grow across restarts. A durable store remembers the greatest (see
/// `stay_above`). Without a store, only the wall clock outlives the process. So the first
/// token is the time of the start, in microseconds since 1970, and each grant adds one.
/// The tokens of an earlier run are below those of a later one, provided that the server
/// averages less than a million grants a second, and that between the two runs the wall
/// clock is not set back by more than the earlier run lasted. Tokens stay below 2^53
/// until the year 2255, so that JavaScript reads them exactly. Thread-safe.
class token_source {
public:
  /// @param start_time microseconds since 1970.
  explicit token_source(std::uint64_t start_time) noexcept : last_(start_time) {
  }

  token_source()
    : token_source(static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                                std::chrono::system_clock::now().time_since_epoch())
                                                .count())) {
  }

  /// Returns a token greater than all earlier ones.
  std::uint64_t next() noexcept {
    return last_.fetch_add(1, std::memory_order_relaxed) + 1;
  }

  /// Makes all later tokens greater than `x`.
  void stay_above(std::uint64_t x) noexcept {
    auto last = last_.load(std::memory_order_relaxed);
    while (last < x && !last_.compare_exchange_weak(last, x, std::memory_order_relaxed)) {
    }
  }

private:
  std::atomic<std::uint64_t> last_;
};

} // namespace lockserver
