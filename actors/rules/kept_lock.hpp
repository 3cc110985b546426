// When a client renews a lock that it keeps, tries again, and must take it for lost.
// Pure: is told the time, and knows neither CAF nor sockets.
#pragma once

#include "actors/rules/safe_time.hpp"

#include <algorithm>
#include <chrono>

namespace lockserver {

/// The times of one lock that is kept alive by renewals. One thread at a time.
/// @tparam TimePoint of the clock by which the holder goes.
template <class TimePoint>
class kept_lock {
public:
  using duration = std::chrono::nanoseconds;

  /// After each third of its time: two renewals in a row may fail.
  static constexpr duration renewal_period(duration ttl) {
    return std::max<duration>(ttl / 3, std::chrono::milliseconds{1});
  }

  /// After a renewal that failed: soon again, but not so soon that it hurts a server
  /// that is in trouble.
  static constexpr duration retry_pause(duration ttl) {
    return std::clamp<duration>(ttl / 20, std::chrono::milliseconds{10}, std::chrono::seconds{1});
  }

  /// Until when the server gives a lock to nobody else that it has granted or renewed, for
  /// `ttl`, by a request that was sent at `sent`. The most there is: no end of its own.
  static constexpr TimePoint safe_after(TimePoint sent, duration ttl) {
    if (ttl > TimePoint::max() - sent)
      return TimePoint::max();
    return sent + ttl - safety_margin(ttl);
  }

  /// What was granted some time ago has less than its `ttl` left: that counts then.
  kept_lock(TimePoint now, TimePoint safe_until, duration ttl)
    : ttl_(ttl),
      safe_until_(safe_until),
      renew_at_(now + std::min(ttl, std::max(safe_until - now, duration{0})) / 3) {
  }

  /// Between two renewals that work, and so for how long one of them may take.
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

  /// @param ttl the shorter of what was asked for and what was granted.
  void renewed(TimePoint now, TimePoint safe_until, duration ttl) {
    ttl_ = ttl;
    safe_until_ = safe_until;
    renew_at_ = now + renewal_period(ttl);
  }

  /// Also of one that is not to be renewed for now: asks soon whether it is again.
  void not_renewed(TimePoint now) {
    renew_at_ = now + retry_pause(ttl_);
  }

private:
  duration ttl_;
  TimePoint safe_until_;
  TimePoint renew_at_;
};

} // namespace lockserver
