// Who may say what to whom: the whole conversation between the actors.
//
//   SESSION ──requests──> REGISTRY ──the same, passed on──> KEY
//    │ ^ ^                 ^ │ ^ └────────shut_down────────────^ │
//    │ │ │                 │ │ └──────────────key_idle───────────┤
//    │ │ │                 │ └──lease_ended──────────────┐       │
//    │ │ └─────────────────│────────────answers──────────│───────┤
//    │ answers        requests, lease_ended              │       │
//    └─requests─────────────────────────────────────> LEASES <───┘
//                                           answers, lease_released
//
// A request that a KEY receives was passed on by its REGISTRY, and its answer goes
// straight to whoever asked that: the SESSION, or LEASES, which asks for a SESSION's
// lock that lives with a lease, notes the grant, and answers the SESSION. A LISTER
// asks in a SESSION's name.
//
// Much work is done some at a time, so that nobody's request waits behind all of it:
// an actor that has something for many KEYs asks a few, and the next when one has
// answered (`pacer`); a KEY with many answers to give goes on behind what others have
// sent meanwhile; of many wake-ups that are due, few are sent in one turn.
//
// With a durable store, KEYs and LEASES send what they change to the JOURNAL,
// and by way of it all answers that depend on that, or that nobody may give before the
// store has shown that no other server writes to it:
//
//   KEY, LEASES, REGISTRY ──durable answers, lock_entry, lease_entry──> JOURNAL
//   SESSION, LEASES, LISTER <─the answers, once what they tell is on disk─┤
//   LEASES                <──lease_released, likewise─────────────────────┤
//   KEY                   <──roll_back_key (by its REGISTRY), if it cannot be┘
#pragma once

#include "actors/message_types.hpp"

namespace lockserver {

/// The actor of one key. Owns the key's `lock_queue`; nothing else changes the
/// lock. Only its REGISTRY talks to it.
using key_actor = compat::typed_actor<
  // Grants, refuses, or answers later: when granted or when the wait is over.
  caf::result<acquire_reply>(acquire_request),
  // Ends the grant of `owner`, or all.
  caf::result<release_reply>(release_request),
  // Prolongs the grant of `owner`.
  caf::result<acquire_reply>(renew_request),
  // True if `owner`, or anyone, holds the lock.
  caf::result<bool>(check_request),
  // Who holds it, who waits.
  caf::result<lock_info>(inspect_request),
  // Ends the wait or the grant of one acquire request.
  caf::result<void>(withdraw_request),
  // A lease has ended: ends what it has here. Who holds it, at the start. From the JOURNAL:
  // what to undo; that who waits is to be refused. Answered when that is done, since much of
  // it is done some at a time.
  caf::result<void>(key_notice),
  // Refuses who waits (`stopping`) and ends the actor; also the REGISTRY's
  // answer to `key_idle`, when nobody waits.
  caf::result<void>(shut_down),
  // INTERNAL: a wait, a holder's time or the idle time may be over.
  caf::result<void>(deadline_reached)>;

/// The only way to the KEYs (of its share of the keys). Spawns them on first
/// use and reaps them when they have been idle: a KEY says `key_idle` with the
/// number of requests it has served; if the REGISTRY has passed on no more
/// than these, it forgets the KEY and sends `shut_down`, else it does nothing and
/// the KEY will be idle again later. So no request ever meets a dying KEY.
using registry_actor = compat::typed_actor<
  // Passed on; spawns the KEY if there is none.
  caf::result<acquire_reply>(acquire_request),
  // Passed on; answered as by a free key if there is no KEY. So are the next.
  caf::result<release_reply>(release_request), caf::result<acquire_reply>(renew_request),
  caf::result<bool>(check_request), caf::result<lock_info>(inspect_request),
  // Passed on; ignored (and answered) if there is no KEY. So are the next.
  caf::result<void>(withdraw_request), caf::result<void>(lease_ended),
  // Its keys, whether held or not.
  caf::result<key_names>(list_request),
  // At the start. Passed on; spawns the KEY if there is none.
  caf::result<void>(restore_key),
  // From the JOURNAL. Passed on; without a KEY there is nothing to undo.
  caf::result<void>(roll_back_key),
  // From the JOURNAL. Passed on to all KEYs, some at a time.
  caf::result<void>(refuse_waiters),
  // From a KEY: see above.
  caf::result<void>(key_idle),
  // Passes it on to all KEYs, then ends.
  caf::result<void>(shut_down),
  // INTERNAL: keys that an exception has left idle may be reaped.
  caf::result<void>(deadline_reached)>;

/// Owns all leases. An acquire with a lease, and what takes it back, comes by way of
/// it, so whatever it sends to the key when the lease ends comes behind the acquire. A
/// lease that ends is over at once; its KEYs hear of it some at a time, and who ended
/// it then.
using leases_actor = compat::typed_actor<
  // Asks the REGISTRY, unless the lease has ended or is another's; then answers.
  caf::result<acquire_reply>(lease_acquire_request),
  // Makes, prolongs, shows, ends a lease.
  caf::result<lease_reply>(lease_create_request), caf::result<lease_reply>(lease_renew_request),
  caf::result<lease_reply>(lease_inspect_request), caf::result<lease_reply>(lease_end_request),
  // Passed on to the REGISTRY behind the acquire that it is about.
  caf::result<void>(withdraw_request),
  // A grant has ended; a KEY has one that was stored, or that it could not end.
  caf::result<void>(lease_released), caf::result<void>(lease_regranted),
  // At the start: which ids were used, and a lease that was stored.
  caf::result<void>(used_lease_ids), caf::result<void>(restore_lease),
  // Ends the actor.
  caf::result<void>(shut_down),
  // INTERNAL: the time of a lease may be over.
  caf::result<void>(deadline_reached)>;

/// Makes durable what KEYs and LEASES change, many changes at a time, and holds
/// their answers back until it is.
using journal_actor = compat::typed_actor<
  // From KEYs: what has changed, without an answer to give.
  caf::result<void>(lock_entry),
  // From KEYs, with what has changed, REGISTRYs and LEASES: answers that depend on it.
  caf::result<acquire_reply>(durable<acquire_reply>),
  caf::result<release_reply>(durable<release_reply>),
  caf::result<lease_reply>(durable<lease_reply>), caf::result<bool>(durable_check),
  caf::result<lock_info>(durable_look), caf::result<key_names>(durable_names),
  // From LEASES: what is to change, answered by whether it is durable.
  caf::result<bool>(lease_entry),
  // From LEASES: what has changed.
  caf::result<void>(leases_expired),
  // From KEYs: the answer to `roll_back_key`.
  caf::result<void>(key_rolled_back),
  // Commits what has arrived, and ends the actor.
  caf::result<void>(shut_down),
  // INTERNAL: commit what has arrived.
  caf::result<void>(commit_now),
  // INTERNAL: it is time to commit what was gathered, to try a failed store again, or to
  // let it look at the clocks.
  caf::result<void>(deadline_reached)>;

/// Makes one page of held keys, then ends: asks all REGISTRYs for names, and the
/// KEYs, some at a time, so that a page of any size delays nobody.
using lister_actor = compat::typed_actor<caf::result<list_reply>(list_request)>;

/// The actor of one HTTP connection: asks REGISTRYs and LEASES, and receives
/// their (and the KEYs') answers. Runs on its connection's thread, where the
/// connection calls it directly; it has no other messages.
using session_actor = compat::typed_actor<
  // INTERNAL: a deadline of the connection or of an answer may be over.
  caf::result<void>(deadline_reached)>;

} // namespace lockserver
