// The shared state of one server's connections and sessions. The server owns it, and it
// outlives all of them.
#pragma once

#include "actors/actors.hpp"
#include "actors/environment.hpp"
#include "actors/registries.hpp"
#include "lockserver/server.hpp"
#include "lockserver/settings.hpp"
#include "net/access/access_control.hpp"
#include "net/access/audit_log.hpp"
#include "net/access/limited_counts.hpp"
#include "net/session/admission.hpp"
#include "net/session/host_rule.hpp"
#include "net/session/http_content.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace lockserver {

class dialect;
class reachable_actors;

struct server_context {
  const settings& config;
  timers& time;
  spdlog::logger& log;

  /// Who may do what, and where that is written.
  access_control& access;
  audit_log& audit;
  /// Connections of each address.
  address_counts& addresses;

  /// From the engine: the actors that own the locks, and whether locks can be changed.
  std::shared_ptr<const registries> keys;
  const lock_environment& locks;

  std::chrono::steady_clock::time_point started_at;

  /// Stops the server soon. Called by the session that got /SHUTDOWN.
  std::function<void()> request_stop;
  /// Called when the last connection, the last remote session or the gateway has ended.
  std::function<void()> on_last_connection_closed;
  /// What the server holds now.
  std::function<counts()> count;

  /// Finds the dialect of a request; see net/dialects/router.hpp.
  const dialect& (*dialect_of)(http_version version, std::string_view target) noexcept;

  host_rule hosts{config};

  /// The part of the server's state that admission needs.
  server_state state() const {
    server_state result{stopping, recovering};
    if (config.restart_grace != settings::duration::zero())
      result.grants_from = started_at + restart_grace(config);
    return result;
  }

  ticket_id next_ticket() noexcept {
    return last_ticket.fetch_add(1, std::memory_order_relaxed) + 1;
  }

  std::atomic<std::uint64_t> last_ticket{0};
  std::atomic<std::size_t> connections{0};
  /// Bytes of answers that clients have not read yet.
  std::atomic<std::size_t> untaken{0};
  /// Remote sessions, and releasers of sessions that have ended.
  std::atomic<std::size_t> remote_sessions{0};
  std::atomic<bool> has_gateway{false};
  /// The actors that clients of the CAF port may send to.
  std::shared_ptr<reachable_actors> reachable{};
  /// True while locks are restored from a store: nobody may be told what is held.
  std::atomic<bool> recovering{false};
  std::atomic<bool> stopping{false};
};

} // namespace lockserver
