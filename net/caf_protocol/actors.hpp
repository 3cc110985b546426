// The messages between a CAF program and the server, and their order.
//
//   USER ──acquire_lock, …──> CLIENT ──session_hello──> GATEWAY
//     ^                        │  ^                        │ spawns
//     └───answers, lock_lost───┘  │                        v
//                       │         └──────answers──── REMOTE SESSION ──requests──> (actors.hpp)
//                       └──session_acquire, …, keep_alive──^
//
// USER and CLIENT live on the user's node, GATEWAY and REMOTE SESSION on the server's.
// CAF's own network (BASP) connects them.
#pragma once

#include "actors/timers/timers.hpp"
#include "lockserver/detail/wire_types.hpp"

namespace lockserver {

/// The actor that the server publishes on its CAF port. It gives access to a session.
using gateway_actor = compat::typed_actor<
  // Opens a session for the asking actor, or finds its earlier one.
  caf::result<session_welcome>(session_hello),
  // Ends all sessions and the gateway.
  caf::result<void>(shut_down)>;

/// Keeps what one client has on the server, as a `session_actor` does for HTTP. It ends
/// with its client, or when the client is silent for too long. Then it cancels the waits,
/// and releases the locks that were to end with the session. A broken connection ends the
/// waits but not the session, because the client may come back.
using remote_session_actor = compat::typed_actor<
  // The client is here, perhaps again, with the connection that carried this message.
  caf::result<session_welcome>(session_hello),
  // Answered when the lock is granted or refused.
  caf::result<acquire_reply>(session_acquire),
  // Passed on to a key or a registry, as are all that follow.
  caf::result<release_reply>(release_request), caf::result<acquire_reply>(renew_request),
  caf::result<bool>(check_request), caf::result<lock_info>(inspect_request),
  caf::result<list_reply>(list_request), caf::result<lease_reply>(lease_create_request),
  caf::result<lease_reply>(lease_renew_request), caf::result<lease_reply>(lease_inspect_request),
  caf::result<lease_reply>(lease_end_request),
  // Ends the wait or the grant of the client's request with that ticket. Answered when
  // the session has noted it.
  caf::result<bool>(withdraw_request),
  // Only a sign of life. It is answered.
  caf::result<bool>(keep_alive),
  // Ends the session.
  caf::result<void>(shut_down),
  // INTERNAL: the client may have been silent for too long.
  caf::result<void>(deadline_reached)>;

} // namespace lockserver
