// How long one request of a client may take, and how often it is tried. Knows
// neither HTTP nor locks.
#pragma once

#include "lockserver/client_options.hpp"

#include <algorithm>
#include <chrono>

namespace lockserver {

/// Keeps sums with clocks far from overflow if a caller means "for ever".
inline client_options::duration bounded(client_options::duration x) {
  using duration = client_options::duration;
  return std::clamp(x, duration{0}, duration{std::chrono::years{1}});
}

/// The limits of one request.
struct effort {
  using clock = std::chrono::steady_clock;
  using duration = client_options::duration;

  unsigned attempts; ///< To connect.
  duration pause;    ///< After the n-th failed attempt, the pause is n times this.
  duration connect;  ///< For one attempt, including the look-up of a name.
  duration answer;
  clock::time_point give_up = clock::time_point::max(); ///< The latest end of the request.

  clock::time_point until(duration limit) const {
    return std::min(give_up, clock::now() + bounded(limit));
  }
};

/// The usual effort for a request that may wait on the server for `wait`.
inline effort usual_effort(const client_options& options, client_options::duration wait = {}) {
  return {std::max(options.reconnect_attempts, 1u), bounded(options.time_between_attempts),
          options.connect_timeout, bounded(wait) + bounded(options.answer_timeout)};
}

/// Whether a request may be sent again if it is unknown whether the server has acted on
/// it.
enum class repeat {
  never,              ///< It changes something.
  on_kept_connection, ///< Once, if a kept connection turned out to be dead.
  once,               ///< Once, if the connection broke before the answer.
};

} // namespace lockserver
