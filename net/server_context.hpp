// What the connections and sessions of one server share. Owned by the server,
// outlives all of them.
#pragma once

#include "actors/environment.hpp"
#include "lockserver/actors.hpp"
#include "lockserver/settings.hpp"

#include <atomic>
#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

namespace lockserver {

struct server_context {
  const settings& config;
  const lock_environment& env;
  std::vector<registry_actor> registries;

  /// Stops the server, soon; called by the session that got /SHUTDOWN.
  std::function<void()> request_stop;
  /// Called when the last connection has gone.
  std::function<void()> on_last_connection_closed;

  std::atomic<std::uint64_t> last_ticket{0};
  std::atomic<std::size_t> connections{0};
  std::atomic<bool> stopping{false};

  /// The registry that is responsible for `key`.
  const registry_actor& registry_of(std::string_view key) const noexcept {
    return registries.size() == 1
             ? registries.front()
             : registries[std::hash<std::string_view>{}(key) % registries.size()];
  }
};

} // namespace lockserver
