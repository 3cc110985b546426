// What the actors say to each other: plain structs, so that both CAFs (and
// later other nodes) can carry them. Field names are those of the HTTP API.
#pragma once

#include "lockserver/caf_compat.hpp"
#include "lockserver/caf_error.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace lockserver {

// -- locks --------------------------------------------------------------------

/// Asks for the lock of `key`. Answered by `acquire_reply`, once it is granted
/// or refused, at the latest when `wait` is over.
struct acquire_request {
  std::string key;
  std::string owner;
  /// Names this request, unique within the server; see `withdraw_request`.
  std::uint64_t ticket = 0;
  caf::timespan ttl{};      ///< How long the grant lasts: more than zero; the most is forever.
  caf::timespan wait{};     ///< How long to wait for it; zero: not at all.
  std::uint8_t mode = 0;    ///< A `lock_mode`.
  std::uint32_t limit = 0;  ///< Shared: at most so many holders, a semaphore; 0: no limit.
  std::string request_id{}; ///< Not empty: a repeat with the same one gets the same grant.
  std::uint64_t lease = 0;  ///< Number of the lease that the grant ends with; 0: none.
  std::string metadata{};   ///< For whoever inspects the key.
  bool explain = false;     ///< A refusal is to name the holders.
  /// While it waits, nothing else can be asked on its connection.
  bool takes_connection = false;
};

/// A holder of a lock, for whoever asks.
struct holder_info {
  std::string owner;
  std::uint8_t mode = 0; ///< A `lock_mode`.
  std::uint64_t token = 0;
  caf::timespan ttl{}; ///< What is left; the most there is: no end of its own.
  caf::timespan held{};
  std::string metadata{};
};

/// Who waits for a lock, for whoever asks.
struct waiter_info {
  std::string owner;
  std::uint8_t mode = 0; ///< A `lock_mode`.
  caf::timespan waiting{};
};

/// Answer to `acquire_request` and `renew_request`.
struct acquire_reply {
  // Not `using enum`: GCC 12 fails on such names in templates.
  static constexpr auto granted = errc::ok; ///< Held from now on; the other fields are valid.
  static constexpr auto held = errc::held;
  static constexpr auto wait_timeout = errc::wait_timeout;
  static constexpr auto already_held = errc::already_held;
  static constexpr auto already_waiting = errc::already_waiting;
  static constexpr auto limit_mismatch = errc::limit_mismatch; ///< Its size is `limit`.
  static constexpr auto too_many_keys = errc::too_many_keys;
  static constexpr auto too_many_waiters = errc::too_many_waiters;
  static constexpr auto too_many_waits = errc::too_many_waits;
  static constexpr auto too_many_locks = errc::too_many_locks;
  static constexpr auto not_holder = errc::not_holder; ///< To a `renew_request`, as `has_lease`.
  static constexpr auto has_lease = errc::has_lease;
  static constexpr auto lease_expired = errc::lease_expired;
  static constexpr auto wrong_owner = errc::wrong_owner;
  static constexpr auto stopping = errc::stopping;
  static constexpr auto store_failed = errc::store_failed;

  errc status = held;                 ///< Why the request got what it got.
  std::uint64_t token = 0;            ///< Fencing token of the grant.
  std::int64_t expires_at = 0;        ///< End of the grant, µs since 1970.
  caf::timespan waited{};             ///< From the request until now.
  caf::timespan ttl{};                ///< What is left of the grant.
  std::uint8_t mode = 0;              ///< A `lock_mode`.
  std::uint32_t limit = 0;            ///< See `limit_mismatch`.
  std::vector<holder_info> holders{}; ///< When refused, and asked to `explain`: the first few.
  std::uint64_t holder_count = 0;     ///< The same: how many there are.
  std::uint64_t queue_length = 0;     ///< The same.
};

/// Lets the grant of `owner` end `ttl` from now. Answered by `acquire_reply`.
struct renew_request {
  std::string key;
  std::string owner;
  std::uint64_t token = 0; ///< Must be the grant's; 0: whatever it is.
  caf::timespan ttl{};
};

/// Gives the lock of `key` back. Answered by `release_reply`.
struct release_request {
  std::string key;
  std::string owner;
  std::uint64_t token = 0; ///< Must be the grant's; 0: whatever it is.
  bool force = false;      ///< Ends all grants, whoever has them.
  bool explain = false;    ///< A refusal is to name the holders.
};

/// Answer to `release_request`.
struct release_reply {
  static constexpr auto released = errc::ok;       ///< A grant was there, and is ended.
  static constexpr auto not_held = errc::not_held; ///< By force, but there was none.
  static constexpr auto not_holder = errc::not_holder;
  static constexpr auto store_failed = errc::store_failed;

  errc status = not_holder; ///< One of these.
  /// With `not_holder`, if asked to `explain`: the first few.
  std::vector<holder_info> holders{};
  std::uint64_t holder_count = 0; ///< The same: how many there are.
};

/// Asks whether `owner` holds the lock of `key`. Answered by a bool.
struct check_request {
  std::string key;
  std::string owner{}; ///< Empty: whether anyone does.
};

/// Asks who holds the lock of `key` and who waits. Answered by `lock_info`.
struct inspect_request {
  std::string key;
  /// The first waiters, too, not only how many; and the first holders, as many as an
  /// answer has room for. Otherwise only a few holders.
  bool with_queue = false;
};

/// Answer to `inspect_request`.
struct lock_info {
  std::string key;
  std::vector<holder_info> holders{};
  std::vector<waiter_info> queue{}; ///< In the order in which they are granted.
  std::uint64_t queue_length = 0;
  std::uint32_t limit = 0; ///< While it is a semaphore, its size; else 0.
  std::uint64_t holder_count = 0;
};

/// Takes an `acquire_request` back. Sent when the client is gone; a request that
/// still waits gets no answer any more. No answer.
struct withdraw_request {
  /// What it takes back; `what` holds one of them.
  enum : std::uint8_t {
    undelivered, ///< The wait, or the grant as long as nobody is known to rely on it.
    wait_only,   ///< The wait, which is answered `wait_timeout`, and no grant.
    held,        ///< The wait, or the grant in any case: it was to end with its connection.
  };
  std::string key;
  std::uint64_t ticket = 0;
  std::uint8_t what = undelivered;
};

// -- lists --------------------------------------------------------------------

/// Asks for keys that start with `prefix` and come behind `after`, in byte
/// order, at most `limit`. To a registry: its keys that have an actor, answered
/// by `key_names`. To a lister: held keys, answered by `list_reply`.
struct list_request {
  std::string prefix;
  std::string after;
  std::uint64_t limit = 0;
};

/// Answer of a registry to `list_request`, in byte order.
struct key_names {
  std::vector<std::string> names;
};

/// Answer of a lister to `list_request`.
struct list_reply {
  std::vector<lock_info> locks; ///< Held, in the order of their keys, without queues.
  std::string next;             ///< Not empty: more keys may come behind this one.
};

// -- leases -------------------------------------------------------------------

/// Makes a lease. Answered by `lease_reply`.
struct lease_create_request {
  std::string owner; ///< Who alone may use it; empty: anyone who knows its name.
  caf::timespan ttl{};
};

/// Begins the time of a lease anew. Answered by `lease_reply`, without locks.
struct lease_renew_request {
  std::string lease;
};

/// Asks what a lease has. Answered by `lease_reply`.
struct lease_inspect_request {
  std::string lease;
  /// Not empty: how long a grant of this key lasts, without the lease's locks. Sent
  /// by way of the key's registry, so that it comes behind what the key has told.
  std::string key{};
  std::string after{};     ///< Locks of keys behind this one.
  std::uint64_t limit = 0; ///< At most so many locks, or those of one key; 0: 100.
};

/// Ends a lease and all its grants. Answered by `lease_reply`, without locks.
struct lease_end_request {
  std::string lease;
};

/// One lock of a lease.
struct lease_lock {
  std::string key;
  std::uint64_t token = 0;
};

/// Answer about a lease.
struct lease_reply {
  static constexpr auto alive = errc::ok;              ///< The other fields are valid.
  static constexpr auto expired = errc::lease_expired; ///< There is none (any more).
  static constexpr auto too_many_leases = errc::too_many_leases;
  static constexpr auto store_failed = errc::store_failed;

  errc status = expired; ///< One of these.
  std::string lease{};
  caf::timespan ttl{};             ///< What is left of it.
  bool with_locks = false;         ///< `locks` was asked for.
  std::vector<lease_lock> locks{}; ///< In the order of their keys.
  std::string next{};              ///< Not empty: more keys may come behind this one.
};

/// An `acquire_request` whose grant lives and ends with a lease. Answered by
/// `acquire_reply`.
struct lease_acquire_request {
  std::string lease;
  acquire_request request;
};

/// From a key to the leases: a request with this lease has got its answer.
struct lease_answered {
  std::uint64_t lease = 0;
  std::string key;
  std::uint64_t token = 0; ///< Of the grant; 0: it was refused or withdrawn.
};

/// From a key to the leases: a grant with this lease has ended.
struct lease_released {
  std::uint64_t lease = 0;
  std::string key;
  std::uint64_t token = 0;
};

/// From the leases to a key: release all grants with this lease and refuse who
/// waits with it (`lease_expired`). Answered, by nothing, when that is done.
struct lease_ended {
  std::string key;
  std::uint64_t lease = 0;
};

// -- lives of actors ----------------------------------------------------------

/// From a key actor to its registry: nobody holds or waits for the key, and
/// `served` requests have been worked off so far. No answer but perhaps
/// `shut_down`.
struct key_idle {
  /// As `served`: it has ended by itself, which is a fault.
  static constexpr auto has_ended = std::numeric_limits<std::uint64_t>::max();

  std::string key;
  std::uint64_t served = 0;
};

/// To an actor that set a wake-up: its time has come.
struct deadline_reached {};

/// To an actor of the server: refuse who waits, if any, and end.
struct shut_down {};

} // namespace lockserver

#include "lockserver/client_messages.hpp" // IWYU pragma: export
#include "lockserver/message_types.hpp"   // IWYU pragma: export
