// All registries of one server and which of them is whose, and its leases.
#pragma once

#include "actors/actors.hpp"
#include "actors/rules/key_partition.hpp"

#include <string_view>
#include <vector>

namespace lockserver {

/// Filled before the first request, then unchanged: read from any thread. Who
/// shares it must give it up when the actors end.
struct registries {
  std::vector<registry_actor> all; ///< One for each part of the keys; in tests perhaps one for all.
  leases_actor leases;

  /// The registry that is responsible for `key`.
  const registry_actor& of(std::string_view key) const noexcept {
    return all.size() == 1 ? all.front() : all[partition_of(key)];
  }
};

} // namespace lockserver
