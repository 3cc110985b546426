// Takes up what a store has kept, before the server serves.
#pragma once

#include "actors/actors.hpp"
#include "actors/registries.hpp"
#include "store/store.hpp"

#include <string>

namespace spdlog {
class logger;
}

namespace lockserver {

/// Gives the leases and the grants in `from` to their actors. When it returns,
/// all that is sent to a registry or to `leases` comes behind what they were
/// given.
/// @return an empty string, or a sentence why not all could be read.
std::string recover(const store& from, caf::actor_system& sys, const registries& keys,
                    const leases_actor& leases, spdlog::logger& log);

} // namespace lockserver
