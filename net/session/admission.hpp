// May this be asked now? Each session asks this, whatever way its client came, before
// it asks any actor. Knows neither CAF nor sockets, and is told the time.
//
// One limit is not here: whether a request may wait (`too_many_waits`). Only the key
// knows that it would have to.
#pragma once

#include "actors/rules/lock_queue.hpp"
#include "net/session/refusal.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace lockserver {

/// What a request needs of the server.
enum class need : std::uint8_t {
  nothing, ///< Is answered whatever is known of the locks.
  locks,   ///< Who holds what. Also to make a lease, which is not yet a lock.
  grant,   ///< The same, and that a lock may be granted.
};

/// What the server does now.
struct server_state {
  bool stopping = false;    ///< Grants nothing any more.
  bool recovering = false;  ///< Reads from its store what is held.
  time_point grants_from{}; ///< End of the restart grace, in which it grants nothing.
};

/// What a client has already.
struct client_state {
  bool surplus = false;      ///< It came when there were as many clients as may be.
  std::size_t under_way = 0; ///< Acquires without an answer.
  std::size_t bound = 0;     ///< Locks that end with it.
};

/// The most that a client may have.
struct client_limits {
  std::size_t under_way = 0;
  std::size_t bound = 0;
};

/// What a client asks for.
struct wish {
  need needs = need::nothing;
  bool binds = false; ///< The lock is to end with the client.
};

/// Why `x` may not be asked at `now`; nothing if it may.
std::optional<refusal> refuse(const wish& x, const server_state& server, const client_state& client,
                              const client_limits& most, time_point now);

/// Why the server does not grant anything at `now`, whoever asks; nothing if it does.
std::optional<refusal> refuse_grants(const server_state& server, time_point now);

} // namespace lockserver
