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

  /// Longest time for one try to connect: the look-up of the host and all its
  /// addresses.
  duration connect_timeout = std::chrono::seconds{5};

  /// Longest time for an answer, on top of the time that the call may wait
  /// for a lock (or, when it names none, on top of `longest_wait`).
  duration answer_timeout = std::chrono::seconds{10};

  /// The longest that a call for a lock without a time of its own may wait on the
  /// server: not less than the server's `lock_attempt_timeout`.
  duration longest_wait = std::chrono::seconds{60};
};

} // namespace lockserver
