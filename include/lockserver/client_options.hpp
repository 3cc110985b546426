// How a client of the lock server connects and waits.
#pragma once

#include <chrono>

namespace lockserver {

/// How a client connects and how long it waits. Defaults are those of
/// Lock::Server::Client where it has them.
struct client_options {
  using duration = std::chrono::microseconds;

  /// How often to try to connect before giving up, at least once.
  unsigned reconnect_attempts = 3;

  /// Pause after the n-th failed try: n times this.
  duration time_between_attempts = std::chrono::seconds{3};

  /// `ping` gives up after this, including the time to connect.
  duration ping_timeout = std::chrono::seconds{3};

  /// Longest time for one try to connect, over all addresses of the host.
  duration connect_timeout = std::chrono::seconds{5};

  /// Longest time for an answer, on top of the time that a LOCK may wait by
  /// its own `lock_attempt_timeout` (or, when the call names none, on top of
  /// `longest_wait`).
  duration answer_timeout = std::chrono::seconds{10};

  /// The longest that a `lock` without times of its own may wait on the
  /// server: not less than the server's `lock_attempt_timeout`.
  duration longest_wait = std::chrono::seconds{60};
};

} // namespace lockserver
