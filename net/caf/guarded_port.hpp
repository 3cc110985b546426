// A port of CAF's network (BASP) that holds its peers to limits, which CAF's own
// does not: what no client of ours sends closes the connection (basp_gate.hpp); there
// is a most number of connections; and what strangers did is in the log. With TLS it
// takes only peers that the authority has signed for.
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

/// Beyond the most connections, so many more are served: clients among them get a
/// refusal from the gateway that says why.
inline constexpr std::size_t max_surplus_nodes = 64;

/// What the broker has to say to one peer, in bytes. A page of 1,000 locks has
/// about 200 KiB.
inline constexpr std::size_t max_unread = 16 * 1024 * 1024;

struct port_limits {
  /// Beyond which, and the surplus, a new one takes the place of the oldest that
  /// has not introduced itself yet, or is closed.
  std::size_t connections;
  /// How long a peer may take nothing, or be gone without a word.
  std::chrono::nanoseconds silence;
};

/// Publishes `what`, as caf::io::publish does.
/// @param reachable to which the published actor adds the others.
/// @param log outlives the system.
/// @return the port, or why it cannot be opened.
caf::expected<std::uint16_t>
publish_guarded(caf::actor_system& sys, const gateway_actor& what, std::uint16_t port,
                const char* host, port_limits limits, std::optional<tls_context> tls,
                std::shared_ptr<reachable_actors> reachable, spdlog::logger& log);

} // namespace lockserver
