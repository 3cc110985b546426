// A port of CAF's network (BASP) with limits for its peers, which CAF's own port does not
// have. It closes a connection that sends what our clients never send (basp_gate.hpp),
// limits the number of connections, and logs what such peers did. With TLS it accepts
// only peers whose certificate was signed by the authority.
#pragma once

#include "net/caf/reachable_actors.hpp"
#include "net/caf_protocol/actors.hpp"
#include "net/tls/tls.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace spdlog {
class logger;
}

namespace lockserver {

/// So many connections are served beyond the limit. Their clients get a refusal from the
/// gateway with a sentence.
inline constexpr std::size_t max_surplus_nodes = 64;

/// The maximum output that one peer has not read, in bytes. A page of 1,000 locks has
/// about 200 KiB.
inline constexpr std::size_t max_unread = 16 * 1024 * 1024;

struct port_limits {
  /// The limit on connections. Beyond it and the surplus, a new connection replaces the
  /// oldest one without a handshake, or is closed if there is none.
  std::size_t connections;
  /// How long a peer may not read, or be gone without closing its connection.
  std::chrono::nanoseconds silence;
};

/// Publishes `what`, as caf::io::publish does.
/// @param reachable the published actor adds the other actors to it.
/// @param log must outlive the system.
/// @return the port, or why it cannot be opened.
caf::expected<std::uint16_t>
publish_guarded(caf::actor_system& sys, const gateway_actor& what, std::uint16_t port,
                const char* host, port_limits limits, std::optional<tls_context> tls,
                std::shared_ptr<reachable_actors> reachable, spdlog::logger& log);

} // namespace lockserver
