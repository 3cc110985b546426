// What the client actor and its session on the server say to each other, besides the
// messages of the client's users. For wire_types.hpp.
#pragma once

#include "lockserver/client_messages.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace lockserver {

/// Asks for a session, or for the one that the client had before its connection
/// broke. Answered by `session_welcome`.
struct session_hello {
  /// The protocols that this release speaks: from the oldest to the newest. A release
  /// that adds messages raises the newest; it keeps the oldest for as long as peers of
  /// that release are to be served, and sends them nothing that they do not know.
  static constexpr std::uint32_t oldest_protocol = 3;
  static constexpr std::uint32_t newest_protocol = 3;

  std::uint32_t protocol = 0; ///< The newest that the client speaks.
  std::string name;           ///< Of this client and no other, by which the server knows it again.
};

/// A session was opened, or found again: then it has what it had, but no waits.
struct session_welcome {
  caf::strong_actor_ptr session; ///< A `remote_session_actor`.
  /// The session ends when it has heard nothing of its client for so long.
  caf::timespan timeout{};
  std::uint32_t protocol = 0; ///< The newest that both speak; see `session_hello`.
};

/// Says that the client lives. Answered when the session does.
struct keep_alive {};

/// An acquire request of a client. Answered by `acquire_reply`, or an error
/// with a sentence that says what is wrong with it.
struct session_acquire {
  /// The client's own number for it, for `withdraw_request`.
  std::uint64_t ticket = 0;
  acquire_lock request; ///< With an owner, and how long it may still wait.
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

  errc status = held;          ///< Why the request got what it got.
  std::uint64_t token = 0;     ///< Fencing token of the grant.
  std::int64_t expires_at = 0; ///< End of the grant, µs since 1970.
  caf::timespan waited{};      ///< From the request until now.
  caf::timespan ttl{};         ///< What is left of the grant.
  lock_mode mode = lock_mode::exclusive;
  std::uint32_t limit = 0;            ///< See `limit_mismatch`.
  std::vector<holder_info> holders{}; ///< When refused, and asked to `explain`: the first few.
  std::uint64_t holder_count = 0;     ///< The same: how many there are.
  std::uint64_t queue_length = 0;     ///< The same.
};

/// Answer to `release_request`.
struct release_reply {
  static constexpr auto released = errc::ok;       ///< A grant was there, and is ended.
  static constexpr auto not_held = errc::not_held; ///< By force, but there was none.
  static constexpr auto not_holder = errc::not_holder;
  static constexpr auto store_failed = errc::store_failed;

  errc status = not_holder; ///< One of these.
  /// With `not_holder`: the first few.
  std::vector<holder_info> holders{};
  std::uint64_t holder_count = 0; ///< The same: how many there are.
};

/// What is taken back of an acquire request.
enum class withdrawal : std::uint8_t {
  undelivered, ///< The wait, or the grant as long as nobody is known to rely on it.
  wait_only,   ///< The wait, which is answered `wait_timeout`, and no grant.
  held,        ///< The wait, or the grant in any case: it was to end with its connection.
};

/// Takes an acquire request back. Sent when the client is gone; a request that
/// still waits gets no answer any more. No answer.
struct withdraw_request {
  std::string key;
  std::uint64_t ticket = 0;
  withdrawal what = withdrawal::undelivered;
};

} // namespace lockserver
