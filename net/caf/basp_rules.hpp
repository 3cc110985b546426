// The messages of our clients, in the bytes of the CAF that this is built with.
#pragma once

#include "actors/compat/messaging.hpp"
#include "net/caf/basp_gate.hpp"
#include "net/caf/reachable_actors.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace lockserver {

/// The name of a node for the gate and its list.
std::string wire_name(caf::actor_system& sys, caf::node_id node);

/// @param max_senders see `basp_rules`.
basp_rules make_basp_rules(caf::actor_system& sys, std::size_t max_senders,
                           std::shared_ptr<const reachable_actors> reachable);

} // namespace lockserver
