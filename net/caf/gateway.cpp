#include "net/caf/gateway.hpp"

#include "actors/caf_answers.hpp"
#include "actors/quoted.hpp"
#include "actors/rules/key_name.hpp"
#include "net/caf/basp_rules.hpp"
#include "net/session/remote_session.hpp"

#include <spdlog/logger.h>

#include <utility>

namespace lockserver {

gateway::gateway(caf::actor_config& cfg, server_context& context)
  : gateway_actor::base(cfg), context_(context) {
  context_.has_gateway = true;
}

gateway_actor::behavior_type gateway::make_behavior() {
  return guarded(
    *this, [](gateway& self, session_hello& x) { return self.open(x); },
    [](gateway& self, shut_down) { self.quit(); });
}

void gateway::on_exception() noexcept {
  log_exception(context_.log, "gateway");
}

void gateway::on_exit() {
  for (auto& [client, session] : sessions_)
    compat::send(this, session, shut_down{});
  sessions_.clear();
  clients_.clear();
  context_.has_gateway = false;
  context_.on_last_connection_closed();
}

// Forgets a session that has ended, for instance because its client was silent. The
// client may come again.
void gateway::forget(const caf::actor_addr& gone) {
  auto i = clients_.find(gone);
  if (i == clients_.end())
    return;
  sessions_.erase(i->second);
  clients_.erase(i);
}

caf::result<session_welcome> gateway::open(session_hello& x) {
  if (current_sender() == nullptr)
    return caf::make_error(errc::bad_request, "a session needs an actor that asks for it");
  if (auto wrong = check_name("name", x.name); !wrong.empty())
    return caf::make_error(errc::bad_request, wrong);
  if (x.protocol < session_hello::oldest_protocol) {
    context_.log.warn("CAF client refused: client={} protocol={}, served from {}", quoted{x.name},
                      x.protocol, session_hello::oldest_protocol);
    return caf::make_error(errc::bad_request, "the client speaks protocol "
                                                + std::to_string(x.protocol)
                                                + " at most, and the server serves those from "
                                                + std::to_string(session_hello::oldest_protocol)
                                                + ": use a newer release of the client");
  }
  if (context_.stopping)
    return caf::make_error(errc::stopping, "the server is stopping");
  auto& session = sessions_[x.name];
  if (session == nullptr) {
    if (sessions_.size() > context_.config.max_connections) {
      sessions_.erase(x.name);
      return caf::make_error(errc::too_many,
                             "the server has reached its limit of clients, see max_connections");
    }
    session = caf::actor_cast<remote_session_actor>(spawn<remote_session>(context_, x.name));
    compat::on_down(this, caf::actor_cast<caf::actor>(session),
                    [this](const caf::actor_addr& gone, const caf::error&) { forget(gone); });
    clients_[session.address()] = x.name;
  }
  context_.reachable->add_session(wire_name(system(), current_sender()->node()), session.id());
  return compat::delegate(this, session, std::move(x));
}

} // namespace lockserver
