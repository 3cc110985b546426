// Decides when a client renews a lock, when it tries again, and when the lock counts as
// lost.
// Pure: is told the time, and knows neither CAF nor sockets.
#pragma once

#include "actors/rules/safe_time.hpp"

#include <algorithm>
#include <chrono>

namespace lockserver {

/// The times of one lock that is kept alive by renewals. For one thread at a time.
/// @tparam TimePoint of the clock that the holder uses.
template <class TimePoint>
class kept_lock {
public:
  using duration = std::chrono::nanoseconds;

  /// A third of the ttl, so that two renewals in a row may fail.
  static constexpr duration renewal_period(duration ttl) {
    return std::max<duration>(ttl / 3, std::chrono::milliseconds{1});
  }

  /// The pause after a failed renewal: short, but not so short that it burdens a server
  /// in trouble.
  static constexpr duration retry_pause(duration ttl) {
    return std::clamp<duration>(ttl / 20, std::chrono::milliseconds{10}, std::chrono::seconds{1});
  }

  /// The server gives a lock to nobody else before this time, if it has granted or
  /// renewed the lock for `ttl` by a request that was sent at `sent`. The maximum: the
  /// lock has no end of its own.
  static constexpr TimePoint safe_after(TimePoint sent, duration ttl) {
    if (ttl > TimePoint::max() - sent)
      return TimePoint::max();
    return sent + ttl - safety_margin(ttl);
  }

  /// A lock that was granted some time ago has less than its `ttl` left, and that
  /// decides.
  kept_lock(TimePoint now, TimePoint safe_until, duration ttl)
    : ttl_(ttl),
      safe_until_(safe_until),
      renew_at_(now + std::min(ttl, std::max(safe_until - now, duration{0})) / 3) {
  }

  /// The period between two successful renewals. It also limits the time of one renewal.
  duration renewal_period() const {
    return renewal_period(ttl_);
  }

  TimePoint renew_at() const noexcept {
    return renew_at_;
  }

  TimePoint safe_until() const noexcept {
    return safe_until_;
  }

  bool is_lost(TimePoint now) const noexcept {
    return now >= safe_until_;
  }

  /// @param ttl the smaller of the requested and the granted ttl.
  void renewed(TimePoint now, TimePoint safe_until, duration ttl) {
    ttl_ = ttl;
    safe_until_ = safe_until;
    renew_at_ = now + renewal_period(ttl);
  }

  /// After a failed renewal, or while renewals are paused: looks again soon.
  void not_renewed(TimePoint now) {
    renew_at_ = now + retry_pause(ttl_);
  }

private:
  duration ttl_;
  TimePoint safe_until_;
  TimePoint renew_at_;
};

} // namespace lockserver
