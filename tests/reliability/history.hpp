// The requests of a lock server's clients and their answers, in the order of one
// monotonic clock, and the lives of the server. Values only: knows no sockets, no actors
// and no clock.
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
  verify, ///< Asks who holds the key and who waits for it.
};

enum class outcome {
  ok,       ///< Acknowledged.
  refused,  ///< The rules forbid it: held by another, not the holder, and so on.
  not_done, ///< The server says that it changed nothing, for instance because its disk is full.
  unknown,  ///< No answer. It may take effect at any time from `invoked` on.
};

/// A holder in an answer.
struct shown_holder {
  std::string owner{};
  std::uint64_t token = 0;
};

struct operation {
  action what = action::acquire;
  std::string key{};
  std::string owner{};
  time_point invoked{};        ///< Taken before the request was sent.
  time_point answered = never; ///< Taken after the answer had been read.
  outcome result = outcome::unknown;
  /// The fencing token: from the answer to an acquire, or in the request of a renewal or
  /// release.
  std::uint64_t token = 0;
  duration ttl{};     ///< The ttl that an acquire or a renewal asked for.
  duration wait{};    ///< How long the acquire was ready to wait.
  unsigned limit = 1; ///< How many may hold the key; the same in all requests for it.
  /// Two acquires of an owner with the same id are the same request.
  std::string request_id{};
  /// For a successful acquire or renewal: the grant does not end before this.
  time_point until{};
  std::string reason{}; ///< Why it is not `ok`.

  /// Whether the answer names all holders. It does for a verify, and for an acquire that
  /// was refused because the key is held.
  bool shows_holders = false;
  std::vector<shown_holder> holders{};
  std::vector<std::string> queue{}; ///< Waiting owners, the next first (verify).
};

/// One process of the server, from its start until it is killed.
struct life {
  time_point began{};       ///< Taken before it was started.
  time_point ended = never; ///< Taken before it was killed.
};

struct history {
  std::vector<operation> operations{};
  std::vector<life> lives{}; ///< In order, each ended before the next began.
  bool durable = true;       ///< Whether each life knows what the previous one has acknowledged.
  /// What the server still had after everything should have ended: one entry for each
  /// holder or waiter.
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
