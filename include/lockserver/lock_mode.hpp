// How the holders of a lock share it, and what ends it. Knows neither CAF nor HTTP.
#pragma once

#include <cstdint>

namespace lockserver {

/// How a grant shares its lock with others.
enum class lock_mode : std::uint8_t {
  exclusive, ///< With nobody.
  shared,    ///< With others that are shared.
};

/// With what else than its `ttl` a lock of a CAF client ends.
enum class hold_mode : std::uint8_t {
  /// With the client actor: at once when it ends in order or its program says that
  /// it has; when only the connection is lost, which may be mended, once the server
  /// has heard nothing for the session timeout. The client has given it up by then.
  session,
  /// The same, and at once with the connection of the client's node. A connection
  /// may be lost for the server and still stand for the client: then, for as long
  /// as the session timeout, its holder believes to have a lock that somebody else
  /// has been granted. For programs that prefer a quick successor to that exclusion.
  connection,
  ttl, ///< With nothing else.
};

} // namespace lockserver
