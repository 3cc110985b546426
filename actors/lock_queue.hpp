// The rules of one lock: who holds it, until when, who is next. A plain class
// that is told the time; it knows no actors, sockets or clocks.
#pragma once

#include "lockserver/token_source.hpp"

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lockserver {

using time_point = std::chrono::steady_clock::time_point;
using duration = std::chrono::steady_clock::duration;

/// Names one acquire request; unique within a server. It lets the sender take
/// exactly that request back, whatever has become of it.
using ticket_id = std::uint64_t;

/// One owner's possession of the lock.
struct grant {
  std::string owner;
  ticket_id ticket = 0;    ///< The request that it answers.
  std::uint64_t token = 0; ///< The fencing token.
  time_point expires_at{}; ///< From here on the lock is free.
};

/// What became of an acquire request at once.
enum class acquire_outcome : std::uint8_t {
  granted,         ///< The owner holds the lock; see `lock_queue::holder`.
  waiting,         ///< In line; a `decision` follows.
  held,            ///< Someone else holds it and the request does not wait.
  already_held,    ///< This owner holds it: locks are not re-entrant.
  already_waiting, ///< This owner waits for it.
};

/// What became of a waiting request: exactly one per request that was told
/// `waiting` and not withdrawn.
struct decision {
  ticket_id ticket = 0;
  std::string owner;
  bool granted = false;    ///< Else its wait has run out.
  std::uint64_t token = 0; ///< Valid when granted, as is `expires_at`.
  time_point expires_at{};

  friend bool operator==(const decision&, const decision&) = default;
};

/// One exclusive lock and its line of waiters, first come, first served.
///
/// Every operation first brings the lock up to `now`, so answers never depend
/// on how late a timer fires: a lock is free from its expiry on, and the first
/// waiter whose deadline had not passed by then is granted. An expiry counts
/// from the moment of the grant. Whoever is waiting at the very instant the
/// lock becomes free, its deadline included, gets it.
///
/// Operations append to `out` what they decided for waiters, in the order in
/// which it happened. `now` must not go backwards. Not thread-safe.
class lock_queue {
public:
  using decisions = std::vector<decision>;

  /// @param tokens numbers the grants; must outlive this object.
  explicit lock_queue(token_source& tokens) noexcept : tokens_(&tokens) {
  }

  /// Asks for the lock.
  /// @param ttl how long the grant lasts, more than zero.
  /// @param wait how long to stay in line; zero means not at all.
  acquire_outcome acquire(time_point now, const std::string& owner, ticket_id ticket, duration ttl,
                          duration wait, decisions& out);

  /// Frees the lock if `owner` holds it. Returns whether it did.
  bool release(time_point now, std::string_view owner, decisions& out);

  /// Takes the request `ticket` back: out of the line when it waits, and when
  /// it was granted, the grant. Does nothing when it is neither. Returns
  /// whether it did anything.
  bool withdraw(time_point now, ticket_id ticket, decisions& out);

  /// Ends what has run out by `now`: the holder's time, waiters' waits.
  void expire(time_point now, decisions& out);

  /// Whether `owner` holds the lock at `now`.
  bool verify(time_point now, std::string_view owner) const noexcept;

  /// Whether anyone holds the lock at `now`. It may still be about to go to
  /// the next in line, see `expire`.
  bool check(time_point now) const noexcept;

  /// When `expire` has something to do next, unless something else happens.
  std::optional<time_point> next_deadline() const noexcept;

  /// The holder as of the last operation, or null.
  const grant* holder() const noexcept {
    return holder_ ? &*holder_ : nullptr;
  }

  /// How many requests are in line.
  std::size_t waiting() const noexcept {
    return line_ ? line_->order.size() : 0;
  }

  /// Nobody holds it and nobody waits, as of the last operation.
  bool idle() const noexcept {
    return !holder_ && waiting() == 0;
  }

private:
  struct waiter {
    std::string owner;
    ticket_id ticket;
    duration ttl;
    time_point deadline;
  };
  using position = std::list<waiter>::iterator;

  // The waiters, and the ways to find one. Apart from the lock, because most
  // keys never have a waiter and a server may hold a million keys.
  struct line {
    std::list<waiter> order;
    std::unordered_map<ticket_id, position> by_ticket;
    std::unordered_map<std::string_view, position> by_owner;
    std::set<std::pair<time_point, ticket_id>> by_deadline;

    void push(waiter x);
    void erase(position x);
  };

  void settle(time_point now, std::optional<time_point> free_since, decisions& out);
  void give(time_point now, const std::string& owner, ticket_id ticket, duration ttl);

  token_source* tokens_;
  std::optional<grant> holder_;
  std::unique_ptr<line> line_;
};

} // namespace lockserver
