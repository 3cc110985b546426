// How the holders of a lock share it, and what ends a lock. Knows neither CAF nor HTTP.
#pragma once

#include <cstdint>

namespace lockserver {

/// How a grant shares its lock with others.
enum class lock_mode : std::uint8_t {
  exclusive, ///< Not at all.
  shared,    ///< With other shared grants only.
};

/// What ends a lock of a CAF client, besides its `ttl`.
enum class hold_mode : std::uint8_t {
  /// The end of the client actor's session. The lock ends at once if the client ends in
  /// order, or if its program reports that the client has ended. If only the connection
  /// is lost, the lock ends when the server has heard nothing for the session timeout,
  /// because the client may reconnect. The client has given up the lock by then.
  session,
  /// The same, and at once the end of the connection of the client's node. A connection
  /// may be lost for the server and still be open for the client. Then, for up to the
  /// session timeout, the holder believes that it has a lock that somebody else has been
  /// granted. For programs that prefer a quick successor to exclusion.
  connection,
  ttl, ///< Nothing else.
};

} // namespace lockserver
