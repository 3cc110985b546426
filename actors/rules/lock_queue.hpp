// The rules of one lock: who holds it, until when, who is next. A plain class
// that is told the time; it knows no actors, sockets or clocks.
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

/// Names one acquire request; unique within a server. It lets the sender take
/// exactly that request back, whatever has become of it.
using ticket_id = std::uint64_t;

/// Names a lease within a server; 0 is none.
using lease_id = std::uint64_t;

/// The most that one lock takes on.
struct lock_limits {
  std::size_t max_waiters = 0; ///< Requests in line.
  std::size_t max_holders = 0; ///< Shared holders at a time; more wait.
};

/// What is asked of a lock.
struct lock_request {
  std::string owner;
  ticket_id ticket = 0;
  duration ttl{};  ///< How long the grant lasts: more than zero, or `forever`.
  duration wait{}; ///< How long to stay in line; zero means not at all.
  lock_mode mode = lock_mode::exclusive;
  /// Shared: at most so many holders at a time, a semaphore; 0: no limit.
  std::uint32_t limit = 0;
  /// Not empty: a request of this owner with the same one, and the same lease,
  /// is a repeat.
  std::string request_id{};
  lease_id lease = 0;     ///< The grant ends with it.
  std::string metadata{}; ///< For whoever looks at the lock.
};

/// One owner's possession of the lock.
struct grant {
  std::string owner;
  ticket_id ticket = 0;    ///< The request that it answers, or the first of them; 0: none is left.
  std::uint64_t token = 0; ///< The fencing token.
  time_point since{};
  time_point expires_at{}; ///< From here on it is no more; `time_point::max()`: never.
  lock_mode mode = lock_mode::exclusive;
  /// Somebody relies on it: no `withdraw` ends it any more. Never reset.
  bool acknowledged = false;

  /// What few grants have.
  struct details {
    std::string request_id;
    std::vector<ticket_id> repeats; ///< Repeated requests that it answers, too.
    lease_id lease = 0;
    std::string metadata;
  };
  std::unique_ptr<details> more;

  lease_id lease() const noexcept {
    return more ? more->lease : 0;
  }
};

/// One request in line.
struct waiter {
  lock_request request;
  time_point since{};
  std::vector<ticket_id> tickets; ///< The request's own and its repeats'.
};

/// What became of an acquire request at once.
enum class acquire_outcome : std::uint8_t {
  granted,          ///< The owner holds the lock.
  waiting,          ///< In line; `waits_no_more` follows.
  held,             ///< It would have to wait and does not want to.
  already_held,     ///< This owner holds it: locks are not re-entrant.
  already_waiting,  ///< This owner waits for it.
  limit_mismatch,   ///< As `held`, and its holders share it with another limit.
  too_many_waiters, ///< The line is full.
};

struct acquire_result {
  acquire_outcome outcome = acquire_outcome::held;
  /// When granted or already held: the owner's grant, valid until the next operation.
  const grant* has = nullptr;
};

/// One thing that an operation changed.
struct lock_change {
  enum class kind : std::uint8_t {
    granted,       ///< There is a new holder.
    repeated,      ///< One more request is answered by a grant.
    renewed,       ///< A grant has a new end.
    ended,         ///< A holder is no more.
    waits,         ///< A request is in line.
    waits_no_more, ///< A request has left the line: one such change for each `waits`.
  };
  enum class cause : std::uint8_t {
    request,     ///< What was asked for: a grant, a release, a renewal.
    turn,        ///< It was next in line, and is granted.
    expired,     ///< The time of the grant was over.
    timed_out,   ///< The time of the wait was over.
    lease_ended, ///< Its lease was over.
    withdrawn,   ///< Nobody wants it any more.
  };

  kind what = kind::granted;
  cause why = cause::request;
  std::uint32_t limit = 0; ///< Of an ended grant: as `lock_queue::limit` was.
  /// An ended grant: all of it. Otherwise the ticket of the request, and
  /// - of a holder its token and its end (`renewed`: the end and `acknowledged` as
  ///   they were before); the rest is among the `holders`;
  /// - of who waits the owner, and when that was granted its token and its end.
  grant about{};
};

/// What one operation changed, in the order in which it happened. Nothing is
/// allocated for the few changes that a plain operation makes.
using lock_changes = boost::container::small_vector<lock_change, 2>;

/// One lock and its line of waiters, first come, first served: only the first
/// in line is ever granted, as soon as it fits to the holders. So a shared
/// request does not overtake an exclusive one that came first, and neighbouring
/// shared requests are granted together.
///
/// Shared holders have one limit. A request with another limit waits in line as
/// if it were exclusive, and its limit counts from the moment when the last
/// holder with the old one has gone: so a rolling deployment can change it.
///
/// Every operation first brings the lock up to `now`, so answers never depend
/// on how late a timer fires: what has run out by then, holders' times and
/// waiters' waits, is worked off in the order of time, and whose turn it became
/// is granted, with a time that counts from the moment of the grant. At one
/// instant holders end before waits do: whoever is waiting at the very instant
/// at which the lock becomes free, its deadline included, gets it.
///
/// A repeat (same owner, `request_id` and lease) of a request that was granted gets
/// that grant, and of one that waits it shares its place; neither ever leads to
/// a second grant. A grant, or a place, that several requests share is gone
/// when all of them have been withdrawn.
///
/// Safety before liveness: a grant can be withdrawn only as long as nobody is
/// known to rely on it. It is acknowledged for good when it has been renewed, when
/// anybody who asked for that has been told that its owner has it (`confirm`, `already_held`), when
/// it comes from a store, and when more repeats share it than are remembered.
/// From then on it ends by its release, its time, its lease, or with the
/// connection that its request was bound to (`end_hold`).
///
/// An operation that throws (there is no memory) leaves the lock sound, and has
/// reported what it changed of the holders. The request that it was about, or one
/// whose turn it was, may then be granted or out of the line without that being
/// reported of the request: whoever asked must withdraw it.
///
/// `now` must not go backwards. Not thread-safe.
class lock_queue {
public:
  /// @param tokens numbers the grants; must outlive this object, as `limits`.
  lock_queue(token_source& tokens, const lock_limits& limits) noexcept
    : tokens_(&tokens), limits_(&limits) {
  }

  /// Asks for the lock.
  acquire_result acquire(time_point now, lock_request&& x, lock_changes& out);

  /// Ends the grant of `owner`, if it has that token (0: any). Returns whether
  /// it did.
  bool release(time_point now, std::string_view owner, std::uint64_t token, lock_changes& out);

  /// Ends all grants. Returns whether there was one.
  bool release_all(time_point now, lock_changes& out);

  /// Lets the grant of `owner` with that token (0: any) end at `now + ttl`.
  /// Returns it, or null if there is none. It is acknowledged by that, and has a
  /// new end if it has no lease.
  const grant* renew(time_point now, std::string_view owner, std::uint64_t token, duration ttl,
                     lock_changes& out);

  /// Takes the request `ticket` back: out of the line when it waits, and when
  /// it was granted, the grant, unless that is acknowledged. Returns whether it
  /// found something to take back.
  bool withdraw(time_point now, ticket_id ticket, lock_changes& out);

  /// The same of a request that was to end with its connection, which is over:
  /// ends its grant also when that is acknowledged.
  bool end_hold(time_point now, ticket_id ticket, lock_changes& out);

  /// Ends all grants that have the lease, and refuses who waits with it.
  void end_lease(time_point now, lease_id lease, lock_changes& out);

  /// Ends all grants whose requests have all been withdrawn, unless they are
  /// acknowledged. There is none but after `undo`.
  void end_abandoned(time_point now, lock_changes& out);

  /// Forgets all who wait. Reports nothing.
  void forget_waiters() noexcept;

  /// Makes the holders what they were before a change that was reported. Of several
  /// the last one first. Reports nothing. A grant that was acknowledged meanwhile
  /// stays so, unless the undone change is what acknowledged it.
  /// @pre nobody waits
  void undo(lock_change&& x);

  /// Adds a holder who had the lock in another process, in the order of tokens.
  /// @param limit the size of the semaphore that it is, or 0.
  /// @pre nobody waits
  void restore(grant&& x, std::uint32_t limit);

  /// Ends what has run out by `now`: holders' times, waiters' waits.
  void expire(time_point now, lock_changes& out);

  /// The grant of `owner` at `now`, or null.
  const grant* find(time_point now, std::string_view owner) const noexcept;

  /// The holder with that token, as of the last operation, or null.
  const grant* with_token(std::uint64_t token) const noexcept;

  /// Whether `owner` holds the lock at `now`, for whoever is told so and may rely
  /// on it: the grant is acknowledged by that.
  bool confirm(time_point now, std::string_view owner) noexcept;

  /// Whether anyone holds the lock at `now`. It may still be about to go to
  /// the next in line, see `expire`.
  bool check(time_point now) const noexcept;

  /// When `expire` has something to do next, unless something else happens.
  std::optional<time_point> next_deadline() const noexcept;

  /// The holders as of the last operation, in the order of their grants, which is
  /// that of their tokens.
  const std::vector<grant>& holders() const noexcept {
    return holders_;
  }

  /// Calls `f` with each `waiter`, in their order, while it returns true.
  template <class F>
  void for_each_waiter(F f) const {
    if (line_)
      for (auto& x : line_->order)
        if (!f(x))
          return;
  }

  /// How many requests are in line; repeats share a place.
  std::size_t waiting() const noexcept {
    return line_ ? line_->order.size() : 0;
  }

  /// How many shared holders there may be, as those that there are have asked
  /// for; 0: no limit, or no shared holder.
  std::uint32_t limit() const noexcept {
    return limit_;
  }

  /// Nobody holds it and nobody waits, as of the last operation.
  bool idle() const noexcept {
    return holders_.empty() && waiting() == 0;
  }

private:
  using position = std::list<waiter>::iterator;

  // The waiters, and the ways to find one. Apart from the lock, because most
  // keys never have a waiter and a server may hold a million keys.
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
