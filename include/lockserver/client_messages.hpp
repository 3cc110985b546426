// What CAF programs say to the client actor, and the client actor to the
// server, besides the messages that they share with the server's own actors
// (messages.hpp). Included by that file.
#pragma once

#include "lockserver/caf_error.hpp"

#include <cstdint>
#include <string>

namespace lockserver {

// -- user and client actor ------------------------------------------------------

/// Asks for a lock. Answered by `lock_grant`, or an error of `errc`.
struct acquire_lock {
  /// With what else than its `ttl` a lock ends; `hold` has one of them.
  enum : std::uint8_t {
    /// With the client actor: at once when it ends in order or its program says that
    /// it has; when only the connection is lost, which may be mended, once the server
    /// has heard nothing for the session timeout. The client has given it up by then.
    hold_session,
    /// The same, and at once with the connection of the client's node. A connection
    /// may be lost for the server and still stand for the client: then, for as long
    /// as the session timeout, its holder believes to have a lock that somebody else
    /// has been granted. For who prefers a quick successor to that exclusion.
    hold_connection,
    hold_ttl, ///< With nothing else.
  };
  /// As `wait`: as the client's options say.
  static constexpr caf::timespan default_wait{-1};

  std::string key;
  /// Whose the lock is. Empty: the asking actor's own, by a name that the client
  /// makes up for it, see `lock_grant::owner`.
  std::string owner{};
  caf::timespan ttl{}; ///< How long it lasts unless renewed; zero: the server's default.
  caf::timespan wait{default_wait}; ///< How long to wait for it; zero: not at all.
  std::uint8_t mode = 0;            ///< A `lock_mode`: 0 exclusive, 1 shared.
  std::uint32_t limit = 0;          ///< Shared: at most so many holders, a semaphore; 0: no limit.
  /// Up to 64 bytes. The same request with the same id gets the same grant, not a
  /// second one. Empty: the client makes one, with which it repeats the request
  /// when the connection breaks.
  std::string request_id{};
  std::string lease{}; ///< The name of a lease: the grant lives and ends with it.
  std::uint8_t hold = hold_session;
  std::string metadata{}; ///< Up to 1,024 bytes, for whoever inspects the key.
};

/// A lock that was obtained, or renewed.
struct lock_grant {
  std::string key;
  std::string owner;
  std::uint8_t mode = 0; ///< A `lock_mode`.
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

/// Asks whether `owner` (empty: the asking actor itself) holds the lock now.
/// Answered by a bool.
struct verify_lock {
  std::string key;
  std::string owner{};
};

/// To the actor that obtained a lock: it is lost, or may be within a moment.
/// Sent once for a grant, and never after its release was asked for.
struct lock_lost {
  enum : std::uint8_t {
    expired,         ///< It could not be renewed in time.
    not_holder,      ///< The server says so: ended by force, or forgotten in a restart.
    connection_lost, ///< It was to end with the connection, or with the session.
    lease_expired,   ///< Its lease has ended.
    stopping,        ///< The client actor ends.
  };
  std::string key;
  std::string owner;
  std::uint64_t token = 0;
  std::uint8_t reason = expired;
  std::string detail{}; ///< A sentence for the log.
};

// -- client actor and server ----------------------------------------------------

/// Asks for a session, or for the one that the client had before its connection
/// broke. Answered by `session_welcome`.
struct session_hello {
  /// What client and server must agree on, besides CAF's own version.
  static constexpr std::uint32_t current_protocol = 2;

  std::uint32_t protocol = 0;
  std::string name; ///< Of this client and no other, by which the server knows it again.
};

/// A session was opened, or found again: then it has what it had, but no waits.
struct session_welcome {
  caf::strong_actor_ptr session; ///< A `remote_session_actor`.
  /// The session ends when it has heard nothing of its client for so long.
  caf::timespan timeout{};
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

/// Asks the connector for the actor that a server has published. Answered by
/// its address.
struct connect_request {
  std::string host;
  std::uint16_t port = 0;
};

} // namespace lockserver
