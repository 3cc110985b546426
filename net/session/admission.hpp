// Decides whether a request is allowed now. Every session asks this before it asks an
// actor, whatever protocol its client uses. Knows neither CAF nor sockets, and is told
// the time.
//
// One limit is not here: whether a request may wait (`too_many_waits`). Only the key
// knows that it would have to wait.
#pragma once

#include "actors/rules/lock_queue.hpp"
#include "net/session/refusal.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace lockserver {

/// What a request needs from the server.
enum class need : std::uint8_t {
  nothing, ///< It can be answered without the locks.
  locks,   ///< It needs to know who holds what. Also for a new lease, which is not yet a lock.
  grant,   ///< It needs the same, and a lock may be granted.
};

/// The present state of the server.
struct server_state {
  bool stopping = false;    ///< Grants nothing any more.
  bool recovering = false;  ///< Reads the held locks from its store.
  time_point grants_from{}; ///< The end of the restart grace, in which it grants nothing.
};

/// What a client already has.
struct client_state {
  bool surplus = false;      ///< It connected when the limit of clients was reached.
  std::size_t under_way = 0; ///< Acquires without an answer.
  std::size_t bound = 0;     ///< Locks that end with the client.
};

/// The limits for one client.
struct client_limits {
  std::size_t under_way = 0;
  std::size_t bound = 0;
};

/// The request of a client, as far as it matters here.
struct wish {
  need needs = need::nothing;
  bool binds = false; ///< The lock is to end with the client.
};

/// Why `x` is not allowed at `now`; none if it is.
std::optional<refusal> refuse(const wish& x, const server_state& server, const client_state& client,
                              const client_limits& most, time_point now);

/// Why the server grants nothing to anybody at `now`; none if it does.
std::optional<refusal> refuse_grants(const server_state& server, time_point now);

} // namespace lockserver
