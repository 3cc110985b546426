// The messages between the client actor and its session on the server, besides those of
// the client's users. For wire_types.hpp.
#pragma once

#include "lockserver/client_messages.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace lockserver {

/// Asks for a session, or for the one that the client had before its connection broke.
/// The answer is `session_welcome`.
struct session_hello {
  /// The oldest and the newest protocol that this release speaks. A release that adds
  /// messages raises the newest. It keeps the oldest for as long as it serves peers of
  /// that protocol, and sends them no message that they do not know.
  static constexpr std::uint32_t oldest_protocol = 3;
  static constexpr std::uint32_t newest_protocol = 3;

  std::uint32_t protocol = 0; ///< The newest that the client speaks.
  std::string name;           ///< Unique to this client: the server recognises it by this name.
};

/// A session was opened, or found again. One that was found has its locks, but no waits.
struct session_welcome {
  caf::strong_actor_ptr session; ///< A `remote_session_actor`.
  /// The session ends when it has heard nothing from its client for this long.
  caf::timespan timeout{};
  std::uint32_t protocol = 0; ///< The newest that both speak; see `session_hello`.
};

/// Says that the client lives. The session answers it.
struct keep_alive {};

/// An acquire request of a client. The answer is `acquire_reply`, or an error with a
/// sentence that says what is wrong with the request.
struct session_acquire {
  /// The client's own number for the request, for `withdraw_request`.
  std::uint64_t ticket = 0;
  acquire_lock request; ///< It has an owner, and the rest of the time that it may wait.
};

/// The answer to `acquire_request` and `renew_request`.
struct acquire_reply {
  // Not `using enum`: GCC 12 fails on such names in templates.
  static constexpr auto granted = errc::ok; ///< Held from now on; the other fields are valid.
  static constexpr auto held = errc::held;
  static constexpr auto wait_timeout = errc::wait_timeout;
  static constexpr auto already_held = errc::already_held;
  static constexpr auto already_waiting = errc::already_waiting;
  static constexpr auto limit_mismatch = errc::limit_mismatch; ///< `limit` is the present one.
  static constexpr auto too_many_keys = errc::too_many_keys;
  static constexpr auto too_many_waiters = errc::too_many_waiters;
  static constexpr auto too_many_waits = errc::too_many_waits;
  static constexpr auto too_many_locks = errc::too_many_locks;
  /// Only to a `renew_request`, as is `has_lease`.
  static constexpr auto not_holder = errc::not_holder;
  static constexpr auto has_lease = errc::has_lease;
  static constexpr auto forbidden = errc::forbidden; ///< It belongs to another identity.
  static constexpr auto lease_expired = errc::lease_expired;
  static constexpr auto wrong_owner = errc::wrong_owner;
  static constexpr auto stopping = errc::stopping;
  static constexpr auto store_failed = errc::store_failed;

  errc status = held;          ///< The outcome of the request.
  std::uint64_t token = 0;     ///< Fencing token of the grant.
  std::int64_t expires_at = 0; ///< End of the grant by the server's wall clock, µs since 1970.
  caf::timespan waited{};      ///< From the arrival of the request until now.
  caf::timespan ttl{};         ///< The time left of the grant.
  lock_mode mode = lock_mode::exclusive;
  std::uint32_t limit = 0;            ///< See `limit_mismatch`.
  std::vector<holder_info> holders{}; ///< If refused, and asked to `explain`: the first few.
  std::uint64_t holder_count = 0;     ///< How many holders there are, likewise.
  std::uint64_t queue_length = 0;     ///< How many requests wait, likewise.
};

/// The answer to `release_request`.
struct release_reply {
  static constexpr auto released = errc::ok;       ///< There was a grant, and it has ended.
  static constexpr auto not_held = errc::not_held; ///< It was by force, but there was no grant.
  static constexpr auto not_holder = errc::not_holder;
  static constexpr auto forbidden = errc::forbidden; ///< It belongs to another identity.
  static constexpr auto store_failed = errc::store_failed;

  errc status = not_holder; ///< One of these.
  /// With `not_holder` and `forbidden`: the first few.
  std::vector<holder_info> holders{};
  std::uint64_t holder_count = 0; ///< How many holders there are, likewise.
};

/// Which part of an acquire request to take back.
enum class withdrawal : std::uint8_t {
  undelivered, ///< The wait, or the grant if nobody is known to rely on it.
  wait_only,   ///< The wait, which is answered `wait_timeout`; never the grant.
  held,        ///< The wait, or the grant in any case, because it ends with its connection.
};

/// Takes an acquire request back, because its client is gone. A request that still waits
/// gets no answer any more. This message itself has no answer.
struct withdraw_request {
  std::string key;
  std::uint64_t ticket = 0;
  withdrawal what = withdrawal::undelivered;
};

} // namespace lockserver
