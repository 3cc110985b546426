// A port of CAF's network (BASP) that holds its peers to limits, which CAF's own
// does not: a message has a most length, so that a forged head makes nobody
// allocate 4 GiB; so has the number of connections; and what strangers did is in
// the log. With TLS it takes only peers that the authority has signed for.
#pragma once

#include "lockserver/remote_actors.hpp"
#include "net/remote/tls.hpp"

#include <caf/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace spdlog {
class logger;
}

namespace lockserver {

/// The most bytes of one message without its head. What the server takes has a
/// few KiB; what is longer by mistake should still get a refusal that says so.
inline constexpr std::uint32_t max_basp_payload = 1024 * 1024;

/// The same for the handshake, which names a node and no more.
inline constexpr std::uint32_t max_basp_handshake = 4096;

/// Beyond the most connections, so many more are served: clients among them get a
/// refusal from the gateway that says why.
inline constexpr std::size_t max_surplus_nodes = 64;

/// Publishes `what`, as caf::io::publish does.
/// @param max_connections beyond which, and the surplus, a new one takes the
///        place of the oldest that has not introduced itself yet, or is closed.
/// @param log outlives the system.
/// @return the port, or why it cannot be opened.
caf::expected<std::uint16_t> publish_guarded(caf::actor_system& sys, const gateway_actor& what,
                                             std::uint16_t port, const char* host,
                                             std::size_t max_connections,
                                             std::optional<tls_context> tls, spdlog::logger& log);

} // namespace lockserver
