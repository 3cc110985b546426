// What the clients of a lock server did and were told, in the order of one
// monotonic clock, and the lives of the server meanwhile. Values only: knows
// no sockets, no actors and no clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace reliability {

/// Monotonic, and the same for all processes of a machine.
using time_point = std::chrono::steady_clock::time_point;
using duration = std::chrono::steady_clock::duration;

inline constexpr auto never = time_point::max();

enum class action {
  acquire,
  renew,
  release,
  verify, ///< Looks who holds the key and who waits for it.
};

enum class outcome {
  ok,       ///< Acknowledged.
  refused,  ///< The rules forbid it: held by another, not the holder, …
  not_done, ///< The server says that it changed nothing: its disk is full, …
  unknown,  ///< No answer. It may take effect at any time from `invoked` on.
};

/// A holder that an answer names.
struct shown_holder {
  std::string owner{};
  std::uint64_t token = 0;
};

struct operation {
  action what = action::acquire;
  std::string key{};
  std::string owner{};
  time_point invoked{};        ///< Before the request was sent.
  time_point answered = never; ///< After the answer had been read.
  outcome result = outcome::unknown;
  /// The fencing token: an acquire's answer has it, renewals and releases name it.
  std::uint64_t token = 0;
  duration ttl{};     ///< What was asked for: of an acquire and a renewal.
  duration wait{};    ///< How long the acquire was ready to wait.
  unsigned limit = 1; ///< How many may hold the key; the same in all requests for it.
  /// Two acquires of an owner with the same one are the same request.
  std::string request_id{};
  /// Acquire and renewal that are `ok`: the grant does not end before this.
  time_point until{};
  std::string reason{}; ///< Why it is not `ok`.

  /// Whether the answer names all holders: a verify, and an acquire refused
  /// because the key is held.
  bool shows_holders = false;
  std::vector<shown_holder> holders{};
  std::vector<std::string> queue{}; ///< Owners in line, the next first (verify).
};

/// One process of the server.
struct life {
  time_point began{};       ///< Before it was started.
  time_point ended = never; ///< Before it was killed.
};

struct history {
  std::vector<operation> operations{};
  std::vector<life> lives{}; ///< In order, each ended before the next began.
  bool durable = true;       ///< Whether one life knows what the last acknowledged.
  /// What the server still had when everything should have ended: one entry for
  /// each holder or waiter.
  std::vector<std::string> left_over{};
};

std::string to_string(action x);
std::string to_string(outcome x);

/// The operation in words, for instance "#3 (ann acquires k, token 5, 0.100 s to
/// 0.102 s)". Times count from the earliest of the history.
std::string describe(const history& all, const operation& x);

/// A time in seconds from the earliest of the history.
std::string describe(const history& all, time_point x);

/// When the first operation was invoked or the first life began.
time_point beginning(const history& all);

/// JSON, one operation on each line.
std::ostream& operator<<(std::ostream& out, const history& x);

} // namespace reliability
