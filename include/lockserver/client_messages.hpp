// What CAF programs say to the client actor, and what it answers. Field names are
// those of the HTTP API. Times are durations; none of them is an instant of one
// machine's clock, unless its field says so.
#pragma once

#include "lockserver/caf_error.hpp"
#include "lockserver/lock_mode.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace lockserver {

// -- locks ----------------------------------------------------------------------

/// Asks for a lock. Answered by `lock_grant`, or an error of `errc`.
struct acquire_lock {
  /// As `wait`: as the client's options say.
  static constexpr caf::timespan default_wait{-1};

  std::string key;
  /// Whose the lock is. Empty: the asking actor's own, by a name that the client
  /// makes up for it, see `lock_grant::owner`.
  std::string owner{};
  caf::timespan ttl{}; ///< How long it lasts unless renewed; zero: the server's default.
  caf::timespan wait{default_wait}; ///< How long to wait for it; zero: not at all.
  lock_mode mode = lock_mode::exclusive;
  std::uint32_t limit = 0; ///< Shared: at most so many holders, a semaphore; 0: no limit.
  /// Up to 64 bytes. The same request with the same id gets the same grant, not a
  /// second one. Empty: the client makes one, with which it repeats the request
  /// when the connection breaks.
  std::string request_id{};
  std::string lease{}; ///< The name of a lease: the grant lives and ends with it.
  hold_mode hold = hold_mode::session;
  std::string metadata{}; ///< Up to 1,024 bytes, for whoever inspects the key.
};

/// A lock that was obtained, or renewed.
struct lock_grant {
  std::string key;
  std::string owner;
  lock_mode mode = lock_mode::exclusive;
  /// The fencing token: greater than that of every earlier grant of the server.
  std::uint64_t token = 0;
  caf::timespan ttl{};         ///< How long it lasts unless it is renewed.
  std::int64_t expires_at = 0; ///< The same by the server's wall clock, µs since 1970.
  caf::timespan waited{};      ///< From the server's receipt of the request until now.
};

/// Calls off all requests of the asking actor that wait for `key`; they are
/// answered `cancelled`. Answered by whether there was one.
struct cancel_wait {
  std::string key;
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
};

/// Asks whether `owner` (empty: the asking actor itself) holds the lock now.
/// Answered by a bool.
struct verify_lock {
  std::string key;
  std::string owner{};
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

/// A holder of a lock, for whoever asks.
struct holder_info {
  std::string owner;
  lock_mode mode = lock_mode::exclusive;
  std::uint64_t token = 0;
  caf::timespan ttl{}; ///< What is left; the most there is: no end of its own.
  caf::timespan held{};
  std::string metadata{};
};

/// Who waits for a lock, for whoever asks.
struct waiter_info {
  std::string owner;
  lock_mode mode = lock_mode::exclusive;
  caf::timespan waiting{};
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

/// Why a lock was lost.
enum class loss_reason : std::uint8_t {
  expired,         ///< It could not be renewed in time.
  not_holder,      ///< The server says so: ended by force, or forgotten in a restart.
  connection_lost, ///< It was to end with the connection, or with the session.
  lease_expired,   ///< Its lease has ended.
  stopping,        ///< The client actor ends.
};

/// To the actor that obtained a lock: it is lost, or may be within a moment.
/// Sent once for a grant, and never after its release was asked for.
struct lock_lost {
  std::string key;
  std::string owner;
  std::uint64_t token = 0;
  loss_reason reason = loss_reason::expired;
  std::string detail{}; ///< A sentence for the log.
};

// -- lists ----------------------------------------------------------------------

/// Asks for keys that start with `prefix` and come behind `after`, in byte
/// order, at most `limit`. To a registry: its keys that have an actor, answered
/// by `key_names`. To a lister: held keys, answered by `list_reply`.
struct list_request {
  std::string prefix;
  std::string after;
  std::uint64_t limit = 0;
};

/// Answer of a lister to `list_request`.
struct list_reply {
  std::vector<lock_info> locks; ///< Held, in the order of their keys, without queues.
  std::string next;             ///< Not empty: more keys may come behind this one.
};

// -- leases ---------------------------------------------------------------------

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

// -- ends -----------------------------------------------------------------------

/// Ends the actor that receives it, after it has refused whoever waits for it.
struct shut_down {};

} // namespace lockserver
