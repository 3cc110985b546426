// Why a CAF client's request came to nothing: the codes of the errors that the
// client actor answers with. Named as the HTTP API names them.
#pragma once

#include "lockserver/caf_compat.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace lockserver {

/// The code of a `caf::error`; compare with `==`.
enum class errc : std::uint8_t {
  bad_request = 1, ///< The request is wrong: the sentence says what, and what is right.
  held,            ///< Somebody else holds the lock, and the request did not want to wait.
  wait_timeout,    ///< Somebody else held the lock for as long as the request waited.
  already_held,    ///< This owner holds the lock already.
  already_waiting, ///< This owner waits for the lock already.
  limit_mismatch,  ///< The key is a semaphore of another size.
  not_holder,      ///< The lock is not, or no longer, this owner's, or not by this token.
  wrong_owner,     ///< The lease belongs to another owner.
  lease_expired,   ///< There is no such lease, or no longer.
  too_many,        ///< A limit of the server is reached.
  stopping,        ///< The server is stopping.
  store_failed,    ///< The server cannot write to its disk: nothing was changed.
  restart_grace,   ///< The server has forgotten its locks, and waits until they have ended.
  server_error,    ///< The server failed otherwise.
  unreachable,     ///< There was no connection to the server until the deadline.
  timeout,         ///< The server did not answer until the deadline.
  cancelled,       ///< The wait was called off, or the client actor ended.
};

/// The name in the HTTP API, such as "wait_timeout".
std::string to_string(errc x);

/// Required by CAF 1; the inverse of `to_string`.
bool from_string(std::string_view text, errc& out);

/// Required by CAF 1.
bool from_integer(std::uint8_t value, errc& out);

/// The sentence that came with an error: what was wrong, what would be right,
/// who holds the lock. Never empty.
std::string detail_of(const caf::error& x);

} // namespace lockserver

LOCKSERVER_ERROR_CODE_ENUM(lockserver::errc)
