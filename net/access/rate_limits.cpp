#include "net/access/rate_limits.hpp"

#include <algorithm>

namespace lockserver {

namespace {

constexpr rate_limits::clock::duration burst = std::chrono::seconds{1};

} // namespace

// The generic cell rate algorithm (ITU-T I.371): a token bucket, stored as one time.
rate_limits::rate_limits(unsigned per_second)
  : each_(per_second == 0 ? clock::duration::zero() : burst / per_second) {
}

auto rate_limits::take(const principal& who, const client_network& from, clock::time_point now)
  -> std::optional<clock::duration> {
  if (each_ == clock::duration::zero())
    return std::nullopt;
  return take(who.is_anonymous() ? addresses_.use(from) : identities_.use(who.name()), now);
}

auto rate_limits::take(account& x, clock::time_point now) const -> std::optional<clock::duration> {
  auto until = std::max(x.paid_until, now) + each_;
  if (until - now > burst)
    return until - now - burst;
  x.paid_until = until;
  return std::nullopt;
}

} // namespace lockserver
