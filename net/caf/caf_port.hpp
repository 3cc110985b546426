// The server's port on CAF's own network (BASP), for clients that are CAF
// programs. Knows neither locks nor HTTP.
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
/// @param reachable to which `what` adds the actors that its clients may send to.
/// @param log outlives the system.
/// @param[out] port that it listens on.
/// @return why it cannot, such as a file for TLS that cannot be used; or an
///         empty string.
std::string publish(caf::actor_system& sys, const gateway_actor& what, const settings& x,
                    std::shared_ptr<reachable_actors> reachable, spdlog::logger& log,
                    std::uint16_t& port);

} // namespace lockserver::caf_port
