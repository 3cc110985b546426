// The server's port on CAF's own network (BASP), for clients that are CAF programs. Knows
// neither locks nor HTTP.
#pragma once

#include "lockserver/settings.hpp"
#include "net/caf/reachable_actors.hpp"
#include "net/caf_protocol/actors.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace spdlog {
class logger;
}

namespace lockserver::caf_port {

/// Opens the port and publishes `what` on it.
/// @param reachable `what` adds the actors to it that its clients may send to.
/// @param log must outlive the system.
/// @param[out] port the port on which it listens.
/// @return an empty string, or why it failed, such as a file for TLS that cannot be used.
std::string publish(caf::actor_system& sys, const gateway_actor& what, const settings& x,
                    std::shared_ptr<reachable_actors> reachable, spdlog::logger& log,
                    std::uint16_t& port);

} // namespace lockserver::caf_port
