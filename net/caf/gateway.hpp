// The gateway actor, which the server publishes on its CAF port. It opens a session for
// each client, as the listener does for HTTP.
#pragma once

#include "actors/guarded.hpp"
#include "net/caf_protocol/actors.hpp"
#include "net/session/server_context.hpp"

#include <map>
#include <string>

namespace lockserver {

class gateway final : public gateway_actor::base {
public:
  gateway(caf::actor_config& cfg, server_context& context);

  gateway_actor::behavior_type make_behavior() override;

  const char* name() const override {
    return "gateway";
  }

  void on_exit() override;

  /// See `guarded`.
  void on_exception() noexcept;

private:
  caf::result<session_welcome> open(session_hello& x);
  void forget(const caf::actor_addr& gone);

  server_context& context_;
  std::map<std::string, remote_session_actor> sessions_; // by the names of their clients
  std::map<caf::actor_addr, std::string> clients_;       // their names, by their sessions
};

} // namespace lockserver
