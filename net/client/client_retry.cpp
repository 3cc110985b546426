#include "net/client/client_retry.hpp"

#include <algorithm>

namespace lockserver {

using namespace std::chrono_literals;

namespace {

// A restart takes about a second, so the first tries come soon. Later tries are rarer,
// because a server must serve all its clients.
constexpr persistence::duration first_pause = 100ms;
constexpr persistence::duration longest_pause = 2s;

bool is_ours(const std::error_code& x) {
  return x.category() == errc_category();
}

} // namespace

persistence::persistence(time_point began, duration patience, bool reached)
  : end_(began + std::clamp<duration>(patience, 0s, std::chrono::years{1})), reached_(reached) {
}

bool persistence::is_passing(const client::problem& why) const {
  // A server that speaks TLS otherwise than this client goes on doing so.
  if (why.code == errc::unreachable)
    return reached_;
  // The system's errors: refused, no route. An unknown host name has another category,
  // and will not be known in a moment either.
  if (!is_ours(why.code))
    return reached_ && why.code.category() == std::system_category();
  // 429 and 503 with Retry-After.
  return row_of(static_cast<errc>(why.code.value())).retry || why.retry_after.has_value();
}

std::optional<persistence::duration>
persistence::pause_after(const client::problem& why, time_point now, std::uint32_t chance) {
  auto lost = why.code == errc::connection_lost;
  reached_ = reached_
             || (is_ours(why.code) && why.code != errc::timeout && why.code != errc::unreachable);
  // Only a second request can tell whether the first one has had an effect. So it is sent
  // even when the time is over.
  if (++tries_ == 1 && lost)
    return 0s;
  if (!is_passing(why))
    return std::nullopt;
  auto most = std::min(longest_pause, first_pause * (1u << std::min(tries_ - 1, 5u)));
  auto pause = most / 2 + most / 2 * (chance % 1024) / 1024;
  if (why.retry_after)
    pause += *why.retry_after;
  if (now + pause >= end_)
    return std::nullopt;
  return pause;
}

} // namespace lockserver
