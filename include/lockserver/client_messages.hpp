// The messages between CAF programs and the client actor. The field names are those of
// the HTTP API. Times are durations, not instants of one machine's clock, unless a field
// says otherwise.
#pragma once

#include "lockserver/caf_error.hpp"
#include "lockserver/lock_mode.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace lockserver {

// -- locks ----------------------------------------------------------------------

/// Asks for a lock. The answer is `lock_grant`, or an error of `errc`.
struct acquire_lock {
  /// As `wait`: the client's `default_wait`.
  static constexpr caf::timespan default_wait{-1};

  std::string key;
  /// The owner of the lock. Empty: the asking actor, under a name that the client makes
  /// for it; see `lock_grant::owner`.
  std::string owner{};
  caf::timespan ttl{}; ///< How long the lock lasts unless renewed; zero: the server's default.
  caf::timespan wait{default_wait}; ///< How long to wait for it; zero: not at all.
  lock_mode mode = lock_mode::exclusive;
  std::uint32_t limit = 0; ///< With `shared`: the size of a semaphore; 0: no limit.
  /// Up to 64 bytes. The same request with the same id gets the same grant, not a second
  /// one. Empty: the client makes an id, and uses it to repeat the request when the
  /// connection breaks.
  std::string request_id{};
  std::string lease{}; ///< The id of a lease: the grant lives and ends with it.
  hold_mode hold = hold_mode::session;
  std::string metadata{}; ///< Up to 1,024 bytes; shown to whoever inspects the key.
};

/// A lock that was obtained or renewed.
struct lock_grant {
  std::string key;
  std::string owner;
  lock_mode mode = lock_mode::exclusive;
  /// The fencing token: greater than that of every earlier grant of the server.
  std::uint64_t token = 0;
  caf::timespan ttl{};         ///< How long it lasts unless it is renewed.
  std::int64_t expires_at = 0; ///< When it ends by the server's wall clock, µs since 1970.
  caf::timespan waited{};      ///< From the arrival of the request at the server to the answer.
};

/// Cancels all requests of the asking actor that wait for `key`. They are answered
/// `cancelled`. The answer says whether there was one.
struct cancel_wait {
  std::string key;
};

/// Lets the grant of `owner` end `ttl` from now. The client actor answers with
/// `lock_grant`, the server with `acquire_reply`.
struct renew_request {
  std::string key;
  std::string owner;
  std::uint64_t token = 0; ///< The token of the grant; 0: any.
  caf::timespan ttl{};
};

/// Releases the lock of `key`. The client actor answers with a bool, the server with
/// `release_reply`.
struct release_request {
  std::string key;
  std::string owner;
  std::uint64_t token = 0; ///< The token of the grant; 0: any.
  bool force = false;      ///< Ends all grants of the key, whoever holds them.
};

/// Asks whether `owner` (empty: the asking actor) holds the lock now. The answer is a
/// bool.
struct verify_lock {
  std::string key;
  std::string owner{};
};

/// Asks whether `owner` holds the lock of `key`. The answer is a bool.
struct check_request {
  std::string key;
  std::string owner{}; ///< Empty: asks whether anyone holds it.
};

/// Asks who holds the lock of `key` and who waits for it. The answer is `lock_info`.
struct inspect_request {
  std::string key;
  /// False: the answer has the first few holders and the length of the queue. True: it
  /// also has the first waiters, and as many holders as fit into an answer.
  bool with_queue = false;
};

/// A holder of a lock, as others see it.
struct holder_info {
  std::string owner;
  lock_mode mode = lock_mode::exclusive;
  std::uint64_t token = 0;
  caf::timespan ttl{}; ///< The time left; the maximum: the grant has no end of its own.
  caf::timespan held{};
  std::string metadata{};
};

/// One who waits for a lock, as others see it.
struct waiter_info {
  std::string owner;
  lock_mode mode = lock_mode::exclusive;
  caf::timespan waiting{};
};

/// The answer to `inspect_request`.
struct lock_info {
  std::string key;
  std::vector<holder_info> holders{};
  std::vector<waiter_info> queue{}; ///< In the order in which they are granted.
  std::uint64_t queue_length = 0;
  std::uint32_t limit = 0; ///< The size of a semaphore in use; else 0.
  std::uint64_t holder_count = 0;
};

/// Why a lock was lost.
enum class loss_reason : std::uint8_t {
  expired,         ///< The client could not renew it in time.
  not_holder,      ///< The server says so: it was ended by force, or forgotten in a restart.
  connection_lost, ///< It was to end with the connection or with the session.
  lease_expired,   ///< Its lease has ended.
  stopping,        ///< The client actor ends.
};

/// Tells the actor that obtained a lock that it is lost, or may be lost in a moment. Sent
/// at most once for each grant, and never after the actor has asked for its release.
struct lock_lost {
  std::string key;
  std::string owner;
  std::uint64_t token = 0;
  loss_reason reason = loss_reason::expired;
  std::string detail{}; ///< A sentence for the log.
};

// -- lists ----------------------------------------------------------------------

/// Asks for keys that start with `prefix` and follow `after`, in byte order, at most
/// `limit`. The client actor and a lister answer with held keys, in a `list_reply`. A
/// registry answers with its keys that have an actor, in `key_names`.
struct list_request {
  std::string prefix;
  std::string after;
  std::uint64_t limit = 0;
};

/// The answer to `list_request`.
struct list_reply {
  std::vector<lock_info> locks; ///< Held, in the order of their keys, without queues.
  std::string next;             ///< Not empty: more keys may follow this one.
};

// -- leases ---------------------------------------------------------------------

/// Creates a lease. The answer is `lease_reply`.
struct lease_create_request {
  std::string owner; ///< The only owner that may use it; empty: anyone who knows its id.
  caf::timespan ttl{};
};

/// Starts the time of a lease again. The answer is `lease_reply`, without locks.
struct lease_renew_request {
  std::string lease;
};

/// Asks for the time and the locks of a lease. The answer is `lease_reply`.
struct lease_inspect_request {
  std::string lease;
  std::string after{}; ///< Only locks of keys that follow this one.
  /// At most this many locks; more only if the first key has more; 0: 100.
  std::uint64_t limit = 0;
};

/// Ends a lease and all its grants. The answer is `lease_reply`, without locks.
struct lease_end_request {
  std::string lease;
};

/// One lock of a lease.
struct lease_lock {
  std::string key;
  std::uint64_t token = 0;
};

/// The answer about a lease.
struct lease_reply {
  static constexpr auto alive = errc::ok;              ///< The other fields are valid.
  static constexpr auto expired = errc::lease_expired; ///< There is no such lease (any more).
  static constexpr auto forbidden = errc::forbidden;   ///< It belongs to another identity.
  static constexpr auto too_many_leases = errc::too_many_leases;
  static constexpr auto store_failed = errc::store_failed;

  errc status = expired; ///< One of these.
  std::string lease{};
  caf::timespan ttl{};             ///< The time left.
  bool with_locks = false;         ///< Whether the request asked for `locks`.
  std::vector<lease_lock> locks{}; ///< In the order of their keys.
  std::string next{};              ///< Not empty: more keys may follow this one.
};

// -- ends -----------------------------------------------------------------------

/// Ends the actor that receives it. The actor first refuses all requests that wait.
struct shut_down {};

} // namespace lockserver
