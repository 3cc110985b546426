// The client for CAF programs: an actor in the user's own actor system. It asks a lock
// server for locks, renews them, and reports when one is lost.
//
//   lockserver::init_client_types();             // before any config
//   caf::actor_system_config cfg;
//   lockserver::load_client(cfg);
//   caf::actor_system sys{cfg};
//   auto locks = lockserver::spawn_client(sys, "locks.example", 8005, {"worker"});
// Client and server must use the same version of CAF, because CAF's network protocol
// differs between releases.
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

/// One client serves any number of user actors, on any node. It answers every request
/// exactly once: with the result named below, or with an error of `errc` that has a
/// sentence (`detail_of`). The answer comes at the latest `request_timeout` after the
/// time that the request may wait, even if the server is away or the client ends.
///
/// While the server cannot be reached, requests wait. The client sends them, or repeats
/// them, when the server is back. A repeat never leads to a second grant.
///
/// The client renews a lock at each third of its ttl until the lock is released or lost.
/// When it is lost, the actor that obtained it receives `lock_lost`, so a typed actor
/// must have a handler for it. The client's own clock decides that a lock has expired: it
/// goes on while the machine is suspended, counts from before the request was sent, and
/// subtracts a margin of a hundredth of the ttl, at least 2 ms. So the message comes
/// before the server gives the lock to anyone else. Only the fencing token helps in these
/// exceptions: the process was stopped meanwhile, an operator ended the lock by force,
/// the server was restarted and has forgotten the lock, or the request asked for
/// `hold_mode::connection`.
///
/// When the connection breaks, locks stay. The client continues with them if it
/// reconnects in time: before the lock's ttl is over and before the server's session
/// timeout (`--caf-session-timeout`) is over.
///
/// The client monitors the actors that ask. When one ends, the client cancels its waits,
/// releases its locks and ends its leases, as soon as the server can be reached. An actor
/// on another node counts as ended when that node cannot be reached, even if it still
/// runs. So give each node a client of its own.
///
/// The client ends when it receives `shut_down` or an exit message, and releases
/// everything first. Until then it keeps the actor system alive. A lock that it cannot
/// release because the server is away ends with the session's timeout, or with its ttl if
/// that was asked for.
using client_actor = compat::typed_actor<
  // Asks for a lock. The answer comes when the lock is granted or refused.
  caf::result<lock_grant>(acquire_lock),
  // Cancels the asker's waits for a key.
  caf::result<bool>(cancel_wait),
  // Releases a lock. The answer is false if the release was by force and nobody held the
  // lock. If the server fails (`store_failed`), the client renews the lock no longer, and
  // it ends with its ttl. An empty `owner` is the asker itself, here and in the next two.
  caf::result<bool>(release_request),
  // Sets the lock's ttl, counted from now. The client renews with this ttl from then on.
  caf::result<lock_grant>(renew_request),
  // Asks the server whether the owner still holds the lock.
  caf::result<bool>(verify_lock),
  // Asks whether `owner` holds the lock; an empty `owner`: whether anyone does.
  caf::result<bool>(check_request),
  // Asks who holds the lock and who waits for it.
  caf::result<lock_info>(inspect_request),
  // Asks for one page of held keys.
  caf::result<list_reply>(list_request),
  // Creates a lease, which the client renews until it is ended.
  caf::result<lease_reply>(lease_create_request), caf::result<lease_reply>(lease_renew_request),
  caf::result<lease_reply>(lease_inspect_request), caf::result<lease_reply>(lease_end_request),
  // Releases everything, then ends the client.
  caf::result<void>(shut_down)>;

struct client_actor_options {
  using duration = std::chrono::milliseconds;

  /// The name in the server's log. It also begins the owner names that the client makes
  /// for the actors that ask.
  std::string name = "caf";

  /// How long an `acquire_lock` waits if it names no wait. The same as the server's own
  /// default.
  duration default_wait = std::chrono::seconds{4};

  /// How long a request may take, beyond the time that it waits for a lock. Long enough
  /// for a restart of the server.
  duration request_timeout = std::chrono::seconds{5};

  /// How long one attempt to reach the server may take.
  duration connect_timeout = std::chrono::seconds{5};

  /// The pause between attempts. It doubles from `first_pause` to `longest_pause`.
  duration first_pause = std::chrono::milliseconds{50};
  duration longest_pause = std::chrono::seconds{2};

  /// Files for TLS; none: no TLS. The client reads them again for each connection. The
  /// server must use TLS, too.
  std::optional<tls_files> tls{};
};

/// Registers the messages of this library and of CAF's network. Call it before you make
/// the first `caf::actor_system_config`. With CAF 1.1 it calls
/// `caf::init_global_meta_objects<caf::id_block::lockserver>()`, and the same for
/// `caf::io::middleman` and `caf::core`. With CAF 0.17 it does nothing.
void init_client_types();

/// Loads what a client needs into a config. With CAF 1.1 it calls
/// `cfg.load<caf::io::middleman>()`, and with CAF 0.17 also
/// `cfg.add_message_types<caf::id_block::lockserver>()`.
///
/// `CAF_MAIN(caf::id_block::lockserver, caf::io::middleman)` does the work of both
/// functions. A program's own message types follow: `CAF_BEGIN_TYPE_ID_BLOCK(mine,
/// caf::id_block::lockserver::end)`. With CAF 1.1, a process that also has a `server` may
/// have at most 1,000 types of its own.
void load_client(caf::actor_system_config& cfg);

/// Spawns a client. It connects at once, and reconnects whenever the connection breaks.
/// @param port the server's `--caf-port`.
/// @throws std::invalid_argument with a sentence when a file for TLS cannot be used.
client_actor spawn_client(caf::actor_system& sys, std::string host, std::uint16_t port,
                          client_actor_options options = {});

} // namespace lockserver
