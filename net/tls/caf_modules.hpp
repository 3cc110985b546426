// CAF's network, as server and client actor load it.
#pragma once

#include "actors/compat/messaging.hpp"

namespace lockserver::caf_modules {

/// Makes its messages known. Call before any config is made.
void init_types();

/// Loads the middleman. Call before the actor system is made.
void load(caf::actor_system_config& cfg);

} // namespace lockserver::caf_modules
