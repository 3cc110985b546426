// Who may say what to whom: the whole conversation between the actors.
//
//   SESSION ──requests──> REGISTRY ──the same, passed on──> KEY
//      ^                     ^ └────────────reap──────────────^ │
//      │                     └──────────────key_idle────────────┤
//      └───────────────────answers──────────────────────────────┘
//
// A request that a KEY receives was passed on by its REGISTRY, and its answer
// goes straight to the SESSION (or any other actor) that asked.
#pragma once

#include "lockserver/messages.hpp"

namespace lockserver {

/// The actor of one key. Owns the key's `lock_queue`; nothing else changes the
/// lock. Only its REGISTRY talks to it.
using key_actor = compat::typed_actor<
  // Grants, refuses, or answers later: when granted or when the wait is over.
  caf::result<acquire_reply>(acquire_request),
  // Frees the lock if `owner` holds it; true if it did.
  caf::result<bool>(release_request),
  // True if `owner` holds the lock.
  caf::result<bool>(verify_request),
  // True if anyone holds the lock.
  caf::result<bool>(check_request),
  // Ends the wait of one acquire request.
  caf::result<void>(end_wait_request),
  // Ends the wait or the grant of one acquire request.
  caf::result<void>(withdraw_request),
  // Ends the actor, as the REGISTRY's answer to `key_idle`.
  caf::result<void>(reap),
  // Refuses who waits (`stopping`) and ends the actor.
  caf::result<void>(shut_down),
  // INTERNAL: a wait, the holder's time or the idle time may be over.
  caf::result<void>(deadline_reached)>;

/// The only way to the KEYs (of its share of the keys). Spawns them on first
/// use and reaps them when they have been idle: a KEY says `key_idle` with the
/// number of requests it has served; if the REGISTRY has passed on no more
/// than these, it forgets the KEY and sends `reap`, else it does nothing and
/// the KEY will be idle again later. So no request ever meets a dying KEY.
using registry_actor = compat::typed_actor<
  // Passed on; spawns the KEY if there is none.
  caf::result<acquire_reply>(acquire_request),
  // Passed on; false if there is no KEY. The same for the next two.
  caf::result<bool>(release_request), caf::result<bool>(verify_request),
  caf::result<bool>(check_request),
  // Passed on; ignored if there is no KEY. The same for the next.
  caf::result<void>(end_wait_request), caf::result<void>(withdraw_request),
  // From a KEY: see above.
  caf::result<void>(key_idle),
  // Passes it on to all KEYs, then ends.
  caf::result<void>(shut_down)>;

/// The actor of one HTTP connection: asks REGISTRYs, and receives their (and
/// the KEYs') answers. Runs on its connection's thread, where the connection
/// calls it directly; it has no other messages.
using session_actor = compat::typed_actor<
  // INTERNAL: a deadline of the connection or of an answer may be over.
  caf::result<void>(deadline_reached)>;

} // namespace lockserver
