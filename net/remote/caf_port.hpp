// The server's port on CAF's own network (BASP), for clients that are CAF
// programs. Knows neither locks nor HTTP.
#pragma once

#include "lockserver/remote_actors.hpp"
#include "lockserver/settings.hpp"

#include <cstdint>
#include <string>

namespace lockserver::caf_port {

/// Whether this build has CAF's OpenSSL module.
bool has_tls() noexcept;

/// Loads what the port needs into the config of an actor system. Call before
/// the system is made.
/// @return what is wrong with the settings, such as a file that cannot be
///         read; or an empty string.
std::string prepare(caf::actor_system_config& cfg, const settings& x);

/// Opens the port and publishes `what` on it.
/// @param[out] port that it listens on.
/// @return why it cannot, or an empty string.
std::string publish(caf::actor_system& sys, const gateway_actor& what, const settings& x,
                    std::uint16_t& port);

} // namespace lockserver::caf_port
