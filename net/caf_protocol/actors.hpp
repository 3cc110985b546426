// Who may say what to whom between a CAF program and the server.
//
//   USER ──acquire_lock, …──> CLIENT ──session_hello──> GATEWAY
//     ^                        │  ^                        │ spawns
//     └───answers, lock_lost───┘  │                        v
//                       │         └──────answers──── REMOTE SESSION ──requests──> (actors.hpp)
//                       └──session_acquire, …, keep_alive──^
//
// The USER, and its CLIENT, live on the user's node, GATEWAY and REMOTE SESSION
// on the server's; CAF's own network (BASP) lies between.
#pragma once

#include "actors/timers/timers.hpp"
#include "lockserver/detail/wire_types.hpp"

namespace lockserver {

/// What the server publishes on its CAF port: the way to a session.
using gateway_actor = compat::typed_actor<
  // Opens a session for the actor that asks, or finds its earlier one.
  caf::result<session_welcome>(session_hello),
  // Ends all sessions, and itself.
  caf::result<void>(shut_down)>;

/// What one client has on the server, as a `session_actor` is for HTTP. Ends
/// with its client, or when that is silent for too long: waits are cancelled,
/// and the locks released that were to end with it. A connection that breaks ends
/// its waits, but not the session: the client may come back.
using remote_session_actor = compat::typed_actor<
  // The client is here (again), with the connection that this came by.
  caf::result<session_welcome>(session_hello),
  // Once granted, or refused.
  caf::result<acquire_reply>(session_acquire),
  // Passed on, as all that follow.
  caf::result<release_reply>(release_request), caf::result<acquire_reply>(renew_request),
  caf::result<bool>(check_request), caf::result<lock_info>(inspect_request),
  caf::result<list_reply>(list_request), caf::result<lease_reply>(lease_create_request),
  caf::result<lease_reply>(lease_renew_request), caf::result<lease_reply>(lease_inspect_request),
  caf::result<lease_reply>(lease_end_request),
  // Ends the wait or the grant of the client's request with that ticket; answered
  // when the session knows.
  caf::result<bool>(withdraw_request),
  // Nothing but a sign of life, which is answered.
  caf::result<bool>(keep_alive),
  // Ends the session.
  caf::result<void>(shut_down),
  // INTERNAL: the client may have been silent for too long.
  caf::result<void>(deadline_reached)>;

} // namespace lockserver
