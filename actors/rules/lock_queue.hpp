// The rules of one lock: who holds it, until when, and who is next. A plain class that is
// told the time. Knows no actors, sockets or clocks.
#pragma once

#include "actors/rules/seeded_hash.hpp"
#include "actors/rules/token_source.hpp"
#include "lockserver/lock_mode.hpp"

#include <boost/container/small_vector.hpp>

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

/// A ttl without an end.
inline constexpr auto forever = duration::max();

/// Identifies one acquire request; unique within a server. With it, the sender can take
/// back exactly that request, whether it waits or was granted.
using ticket_id = std::uint64_t;

/// Identifies a lease within a server; 0: none.
using lease_id = std::uint64_t;

/// The limits of one lock.
struct lock_limits {
  std::size_t max_waiters = 0; ///< Waiting requests.
  std::size_t max_holders = 0; ///< Shared holders at a time; more requests wait.
};

/// A request for a lock.
struct lock_request {
  std::string owner;
  ticket_id ticket = 0;
  duration ttl{};  ///< How long the grant lasts: more than zero, or `forever`.
  duration wait{}; ///< How long to wait in the queue; zero: not at all.
  lock_mode mode = lock_mode::exclusive;
  /// Shared: the size of a semaphore; 0: no limit.
  std::uint32_t limit = 0;
  /// Not empty: a request of this owner with the same id and the same lease is a repeat.
  std::string request_id{};
  lease_id lease = 0;     ///< The grant ends with it.
  std::string metadata{}; ///< Shown to whoever inspects the lock.
};

/// One owner's possession of the lock.
struct grant {
  std::string owner;
  /// The request that it answers, or the first of them; 0: all were withdrawn.
  ticket_id ticket = 0;
  std::uint64_t token = 0; ///< The fencing token.
  time_point since{};
  /// The first instant after the grant; `time_point::max()`: it has no end.
  time_point expires_at{};
  lock_mode mode = lock_mode::exclusive;
  /// Somebody relies on the grant, so `withdraw` cannot end it any more. Never reset.
  bool acknowledged = false;

  /// The data that few grants have.
  struct details {
    std::string request_id;
    std::vector<ticket_id> repeats; ///< The repeated requests that it also answers.
    lease_id lease = 0;
    std::string metadata;
  };
  std::unique_ptr<details> more;

  lease_id lease() const noexcept {
    return more ? more->lease : 0;
  }
};

/// A waiting request.
struct waiter {
  lock_request request;
  time_point since{};
  std::vector<ticket_id> tickets; ///< The request's own and its repeats'.
};

/// The immediate result of an acquire request.
enum class acquire_outcome : std::uint8_t {
  granted,          ///< The owner holds the lock.
  waiting,          ///< The request is in the queue; `waits_no_more` follows.
  held,             ///< The request would have to wait, and does not want to.
  already_held,     ///< This owner already holds the lock; locks are not re-entrant.
  already_waiting,  ///< This owner already waits for the lock.
  limit_mismatch,   ///< As `held`, and the holders share the lock with another limit.
  too_many_waiters, ///< The queue is full.
};

struct acquire_result {
  acquire_outcome outcome = acquire_outcome::held;
  /// If granted or already held: the owner's grant, valid until the next operation.
  const grant* has = nullptr;
};

/// One change that an operation made.
struct lock_change {
  enum class kind : std::uint8_t {
    granted,       ///< There is a new holder.
    repeated,      ///< A grant answers one more request.
    renewed,       ///< A grant has a new end.
    ended,         ///< A grant has ended.
    waits,         ///< A request has entered the queue.
    waits_no_more, ///< A request has left the queue: one such change for each `waits`.
  };
  enum class cause : std::uint8_t {
    request,     ///< The operation asked for it: a grant, a release, a renewal.
    turn,        ///< The request was next in the queue, and is granted.
    expired,     ///< The time of the grant is over.
    timed_out,   ///< The time of the wait is over.
    lease_ended, ///< The lease is over.
    withdrawn,   ///< The request was taken back.
  };

  kind what = kind::granted;
  cause why = cause::request;
  std::uint32_t limit = 0; ///< For an ended grant: `lock_queue::limit` before.
  /// For an ended grant: all of it. Otherwise the ticket of the request, and
  /// - for a holder: its token and its end (`renewed`: the end and `acknowledged` before
  ///   the change); the rest is in `holders`;
  /// - for a waiter: its owner, and if it was granted also its token and its end.
  grant about{};
};

/// The changes of one operation, in their order. An operation with few changes allocates
/// nothing for them.
using lock_changes = boost::container::small_vector<lock_change, 2>;

/// One lock and its queue, first come, first served. Only the first request of the queue
/// can be granted, as soon as it is compatible with the holders. So a shared request does
/// not overtake an earlier exclusive one, and neighbouring shared requests are granted
/// together.
///
/// Shared holders have one limit. A request with another limit waits as if it were
/// exclusive. Its limit applies when the last holder with the old one has gone, so a
/// rolling deployment can change the limit.
///
/// Every operation first brings the lock up to `now`. So answers never depend on how late
/// a timer fires. Holders and waits that have expired are handled in the order of time.
/// The next waiters are granted, and the time of a grant counts from the moment when it
/// is made. At one instant, holders end before waits do: a waiter whose wait ends at the
/// very instant at which the lock becomes free gets it.
///
/// A request is a repeat if it has the same owner, `request_id` and lease. The repeat of
/// a granted request gets the same grant; the repeat of a waiting one shares its place.
/// Neither leads to a second grant. A grant or a place that several requests share ends
/// when all of them have been withdrawn.
///
/// Safety before liveness: a grant can be withdrawn only while nobody is known to rely on
/// it. It is acknowledged for good when it is renewed, when anybody who asked has been
/// told that its owner holds it (`confirm`, `already_held`), when it comes from a store,
/// and when more repeats share it than are remembered. From then on it ends by its
/// release, its time, its lease, or with the connection that its request was bound to
/// (`end_hold`).
///
/// An operation that throws (there is no memory) leaves the lock valid, and has reported
/// its changes of the holders. But its request, or one whose turn it was, may have been
/// granted or removed from the queue without a report. So the asker must withdraw the
/// request.
///
/// `now` must not decrease. Not thread-safe.
class lock_queue {
public:
  /// @param tokens numbers the grants. It and `limits` must outlive this object.
  lock_queue(token_source& tokens, const lock_limits& limits) noexcept
    : tokens_(&tokens), limits_(&limits) {
  }

  /// Asks for the lock.
  acquire_result acquire(time_point now, lock_request&& x, lock_changes& out);

  /// Ends the grant of `owner`, if it has that token (0: any). Returns whether it did.
  bool release(time_point now, std::string_view owner, std::uint64_t token, lock_changes& out);

  /// Ends all grants. Returns whether there was one.
  bool release_all(time_point now, lock_changes& out);

  /// Lets the grant of `owner` with that token (0: any) end at `now + ttl`. Returns it,
  /// or null if there is none. The grant is acknowledged by that. A grant with a lease
  /// keeps its end.
  const grant* renew(time_point now, std::string_view owner, std::uint64_t token, duration ttl,
                     lock_changes& out);

  /// Takes the request `ticket` back: removes it from the queue, or ends its grant unless
  /// that is acknowledged. Returns whether it took anything back.
  bool withdraw(time_point now, ticket_id ticket, lock_changes& out);

  /// The same for a request that was to end with a connection, which is over. It also
  /// ends an acknowledged grant.
  bool end_hold(time_point now, ticket_id ticket, lock_changes& out);

  /// Ends all grants with the lease, and refuses the requests that wait with it.
  void end_lease(time_point now, lease_id lease, lock_changes& out);

  /// Ends the grants whose requests have all been withdrawn, unless they are
  /// acknowledged. There are such grants only after `undo`.
  void end_abandoned(time_point now, lock_changes& out);

  /// Forgets all waiters. Reports nothing.
  void forget_waiters() noexcept;

  /// Undoes a reported change of the holders. Of several changes, undo the last one
  /// first. Reports nothing. A grant that was acknowledged meanwhile stays acknowledged,
  /// unless the undone change acknowledged it.
  /// @pre nobody waits
  void undo(lock_change&& x);

  /// Adds a holder that was granted by another process, in the order of tokens.
  /// @param limit the size of its semaphore, or 0.
  /// @pre nobody waits
  void restore(grant&& x, std::uint32_t limit);

  /// Ends the holders and waits that have expired at `now`.
  void expire(time_point now, lock_changes& out);

  /// The grant of `owner` at `now`, or null.
  const grant* find(time_point now, std::string_view owner) const noexcept;

  /// The holder with that token, after the last operation, or null.
  const grant* with_token(std::uint64_t token) const noexcept;

  /// Whether `owner` holds the lock at `now`. The grant is acknowledged by that, because
  /// the asker may rely on the answer.
  bool confirm(time_point now, std::string_view owner) noexcept;

  /// Whether anyone holds the lock at `now`. The next waiter may be about to get it, see
  /// `expire`.
  bool check(time_point now) const noexcept;

  /// When `expire` must be called next, unless another operation comes first.
  std::optional<time_point> next_deadline() const noexcept;

  /// The holders after the last operation, in the order of their grants and so of their
  /// tokens.
  const std::vector<grant>& holders() const noexcept {
    return holders_;
  }

  /// Calls `f` for each `waiter` in order, while it returns true.
  template <class F>
  void for_each_waiter(F f) const {
    if (line_)
      for (auto& x : line_->order)
        if (!f(x))
          return;
  }

  /// The number of waiting requests; repeats share a place.
  std::size_t waiting() const noexcept {
    return line_ ? line_->order.size() : 0;
  }

  /// The maximum number of shared holders, as the present ones have asked; 0: no limit,
  /// or no shared holder.
  std::uint32_t limit() const noexcept {
    return limit_;
  }

  /// Whether nobody holds it and nobody waits, after the last operation.
  bool idle() const noexcept {
    return holders_.empty() && waiting() == 0;
  }

private:
  using position = std::list<waiter>::iterator;

  // The waiters, and the indexes to find one. Allocated only if needed, because most keys
  // never have a waiter, and a server may have a million keys.
  struct line {
    struct ticket {
      position place;
      time_point deadline;
    };
    std::list<waiter> order;
    std::unordered_map<ticket_id, ticket> by_ticket;
    std::unordered_map<std::string_view, position, seeded_hash> by_owner;
    std::set<std::pair<time_point, ticket_id>> by_deadline;
  };

  acquire_result repeat_of_grant(grant& x, const lock_request& repeat, lock_changes& out);
  acquire_outcome repeat_of_waiter(time_point now, position x, const lock_request& repeat,
                                   lock_changes& out);
  bool has_other_limit(const lock_request& x) const noexcept;
  bool take_back(time_point now, ticket_id ticket, bool acknowledged_too, lock_changes& out);
  bool fits(const lock_request& x) const noexcept;
  const grant& grant_to(time_point now, lock_request&& x, std::vector<ticket_id> repeats,
                        lock_change::cause why, lock_changes& out);
  void remove_holder(std::vector<grant>::iterator x, lock_change::cause why, lock_changes& out);
  void drop_holder(std::vector<grant>::iterator x) noexcept;
  std::vector<grant>::iterator find_holder(std::string_view owner);
  void find_first_expiry() noexcept;
  void join(time_point now, position x, ticket_id ticket, duration wait, lock_changes& out);
  waiter take(position x);
  void leave(ticket_id ticket);
  void refuse(ticket_id ticket, lock_change::cause why, lock_changes& out);
  void run_until(time_point now, lock_changes& out);
  void finish(time_point now, lock_changes& out);
  void hand_over(time_point now, lock_changes& out);

  token_source* tokens_;
  const lock_limits* limits_;
  std::vector<grant> holders_;
  std::unique_ptr<line> line_;
  time_point first_expiry_ = time_point::max(); // of the holders
  std::uint32_t limit_ = 0;                     // of the holders
};

} // namespace lockserver
