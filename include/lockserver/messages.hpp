// What the actors say to each other: plain structs, so that both CAFs (and
// later other nodes) can carry them. Field names are those of the HTTP API.
#pragma once

#include "lockserver/caf_compat.hpp"

#include <cstdint>
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
  /// Why a request got what it got; `status` holds one of them. (A message
  /// field of an enum type would need other code in each CAF.)
  enum : std::uint8_t {
    granted,          ///< Held from now on; the other fields are valid.
    held,             ///< Someone else holds it and `wait` was zero.
    wait_timeout,     ///< Not granted within `wait`.
    already_held,     ///< This owner holds it.
    already_waiting,  ///< This owner waits for it.
    limit_mismatch,   ///< It is a semaphore of the size `limit`.
    too_many_keys,    ///< The server has as many keys as it may.
    too_many_waiters, ///< The key has as many waiters as it may.
    not_holder,       ///< To a `renew_request`: this owner does not hold it.
    has_lease,        ///< To a `renew_request`: its lease says how long it lasts.
    lease_expired,    ///< There is no such lease (any more).
    wrong_owner,      ///< The lease belongs to someone else.
    stopping,         ///< The server stops.
    store_failed,     ///< It cannot be stored: nothing has changed.
    too_many_waits,   ///< As many requests as may occupy their connections with waiting.
    too_many_locks,   ///< The lease has as many locks as it may.
  };
  std::uint8_t status = held;
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
  enum : std::uint8_t {
    not_holder,   ///< This owner, or this token, does not hold it.
    released,     ///< A grant was there, and is ended.
    not_held,     ///< By force, but there was none.
    store_failed, ///< It cannot be stored: nothing has changed.
  };
  std::uint8_t status = not_holder;
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

/// Takes an `acquire_request` back: ends its wait, or its grant if it has been
/// granted. Sent when the client is gone; a request that still waits gets no
/// answer any more. No answer.
struct withdraw_request {
  std::string key;
  std::uint64_t ticket = 0;
  /// Ends the wait only, which is answered `wait_timeout`, and no grant.
  bool wait_only = false;
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
  std::uint64_t limit = 0; ///< At most so many locks; 0: 100.
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
  enum : std::uint8_t {
    alive,           ///< The other fields are valid.
    expired,         ///< There is no such lease (any more).
    too_many_leases, ///< The server has as many as it may.
    store_failed,    ///< It cannot be stored: nothing has changed.
  };
  std::uint8_t status = expired;
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
