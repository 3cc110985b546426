// Takes up what a store has kept, before the server serves.
#pragma once

#include "actors/registries.hpp"
#include "store/store.hpp"

#include <string>

namespace spdlog {
class logger;
}

namespace lockserver {

/// Gives the leases and the grants in `from` to their actors. When it returns,
/// all that is sent to one of them comes behind what it was given.
/// @return an empty string, or a sentence why not all could be read.
std::string recover(const store& from, caf::actor_system& sys, const registries& keys,
                    spdlog::logger& log);

} // namespace lockserver
