// The CAF-native client: an actor in the user's own actor system that asks a
// lock server for locks, keeps them, and tells when one is lost.
//
//   lockserver::init_client_types();             // before any config
//   caf::actor_system_config cfg;
//   lockserver::load_client(cfg);
//   caf::actor_system sys{cfg};
//   auto locks = lockserver::spawn_client(sys, "locks.example", 8005, {"worker"});
//
// Client and server need the same CAF: its network protocol differs between
// releases.
#pragma once

#include "lockserver/client_messages.hpp"
#include "lockserver/detail/wire_types.hpp"
#include "lockserver/tls_files.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace lockserver {

/// One client for any number of user actors, on whatever node. Every request is
/// answered exactly once: with what is named below, or with an error of `errc`
/// that has a sentence (`detail_of`); at the latest `request_timeout` after the
/// time that it may wait, also when the server is away or the client ends.
///
/// While the server cannot be reached, requests wait, and are sent (again) when
/// it is back. A repeat leads to no second grant.
///
/// A lock is renewed each third of its ttl until it is released or lost. Who
/// obtained it gets `lock_lost` (so a typed actor must have a handler for that)
/// when it is lost, by the client's own clock, which goes on while the machine is
/// suspended and is counted from before the request was sent, less a hundredth:
/// so before the server gives the lock to anyone else. There are these exceptions,
/// for which there is the fencing token: the process was stopped meanwhile, an
/// operator ended the lock by force, the server was restarted and has forgotten it,
/// or the request asked for `hold_connection`, see there.
///
/// When the connection breaks, locks stay, and the client goes on with them if it
/// has another one in time: before a lock's ttl and the server's session timeout
/// (`--caf-session-timeout`) are over.
///
/// The actor that asks is monitored. When it ends, its waits are called off, its
/// locks released and its leases ended; if the server is away, when it is back. One
/// on another node than the client counts as ended when that node cannot be reached,
/// of which it need not know: give each node a client of its own.
///
/// The client ends, and gives everything back, when it receives `shut_down` or
/// an exit message; until then it keeps the actor system from ending. What it
/// cannot give back, since the server is away, ends with the session's timeout, or
/// with its ttl if it was to.
using client_actor = compat::typed_actor<
  // Asks for a lock; answered once it is granted or refused.
  caf::result<lock_grant>(acquire_lock),
  // Calls off the asker's waits for a key.
  caf::result<bool>(cancel_wait),
  // Gives a lock back; false: by force, but nobody held it. Also when the server
  // cannot (`store_failed`) it is not kept alive any more, and ends with its ttl.
  // An empty `owner` is the asker itself, here and in the next two.
  caf::result<bool>(release_request),
  // Lets a lock last longer than renewing does: from now on `ttl` counts.
  caf::result<lock_grant>(renew_request),
  // Whether it is still held, by the server's own account.
  caf::result<bool>(verify_lock),
  // Whether `owner`, or with an empty one anyone, holds it.
  caf::result<bool>(check_request),
  // Who holds it, who waits.
  caf::result<lock_info>(inspect_request),
  // One page of held keys.
  caf::result<list_reply>(list_request),
  // Makes a lease, which the client renews until it is ended.
  caf::result<lease_reply>(lease_create_request), caf::result<lease_reply>(lease_renew_request),
  caf::result<lease_reply>(lease_inspect_request), caf::result<lease_reply>(lease_end_request),
  // Gives all locks back, then ends.
  caf::result<void>(shut_down)>;

struct client_actor_options {
  using duration = std::chrono::milliseconds;

  /// For the server's log, and the beginning of the owners that the client makes
  /// up for the actors that ask.
  std::string name = "caf";

  /// How long an `acquire_lock` waits that does not say: as the server's own
  /// default.
  duration default_wait = std::chrono::seconds{4};

  /// How long a request may take, over and above the time that it waits for a
  /// lock. Long enough for a server to be restarted.
  duration request_timeout = std::chrono::seconds{5};

  /// How long one attempt to reach the server may take.
  duration connect_timeout = std::chrono::seconds{5};

  /// The pause between attempts: doubled from the first to the longest one.
  duration first_pause = std::chrono::milliseconds{50};
  duration longest_pause = std::chrono::seconds{2};

  /// Over TLS: the files that it needs, which are read again for each connection. The
  /// server must have such files, too.
  std::optional<tls_files> tls{};
};

/// Makes the messages known, and those of CAF's network. Call before the first
/// `caf::actor_system_config`. With CAF 1.1 that is
/// `caf::init_global_meta_objects<caf::id_block::lockserver>()` and the same of
/// `caf::io::middleman` and `caf::core`; with CAF 0.17 it does nothing.
void init_client_types();

/// Loads what a client needs into a config: CAF's middleman, and with CAF 0.17 the
/// messages. With CAF 1.1 that is `cfg.load<caf::io::middleman>()`, with CAF 0.17 also
/// `cfg.add_message_types<caf::id_block::lockserver>()`.
///
/// `CAF_MAIN(caf::id_block::lockserver, caf::io::middleman)` does both. A program's own
/// message types come behind: `CAF_BEGIN_TYPE_ID_BLOCK(mine, caf::id_block::lockserver::end)`,
/// at most 1,000 of them with CAF 1.1 in a process that has a `server`, too.
void load_client(caf::actor_system_config& cfg);

/// Spawns a client, which connects at once and again whenever it has to.
/// @param port the server's `--caf-port`.
/// @throws std::invalid_argument with a sentence when a file for TLS cannot be used.
client_actor spawn_client(caf::actor_system& sys, std::string host, std::uint16_t port,
                          client_actor_options options = {});

} // namespace lockserver
