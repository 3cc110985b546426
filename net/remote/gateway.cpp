#include "net/remote/gateway.hpp"

#include "actors/quoted.hpp"
#include "net/key_name.hpp"
#include "net/remote/remote_session.hpp"

#include <spdlog/logger.h>

#include <utility>

namespace lockserver {

gateway::gateway(caf::actor_config& cfg, server_context& context)
  : gateway_actor::base(cfg), context_(context) {
  context_.has_gateway = true;
}

gateway_actor::behavior_type gateway::make_behavior() {
  return {
    [this](session_hello& x) { return open(x); },
    [this](shut_down) { quit(); },
  };
}

void gateway::on_exit() {
  for (auto& [client, session] : sessions_)
    compat::send(this, session, shut_down{});
  sessions_.clear();
  clients_.clear();
  context_.has_gateway = false;
  context_.on_last_connection_closed();
}

void gateway::watch(const caf::actor& x) {
  compat::on_down(this, x, [this](const caf::actor_addr& gone) { forget(gone); });
}

// A client that is gone, or a session that has ended, such as one whose client was
// silent: it may come again.
void gateway::forget(const caf::actor_addr& gone) {
  auto client = gone;
  if (auto i = clients_.find(gone); i != clients_.end()) {
    client = i->second;
    clients_.erase(i);
    // Unless the client has a later one.
    if (auto j = sessions_.find(client); j == sessions_.end() || j->second.address() != gone)
      return;
  }
  sessions_.erase(client);
}

caf::result<session_welcome> gateway::open(session_hello& x) {
  auto client = caf::actor_cast<caf::actor>(current_sender());
  if (client == nullptr)
    return caf::make_error(errc::bad_request, "a session needs an actor that asks for it");
  if (x.protocol != session_hello::current_protocol) {
    context_.env.log.warn("CAF client refused: client={} protocol={}, here {}", quoted{x.name},
                          x.protocol, session_hello::current_protocol);
    return caf::make_error(errc::bad_request,
                           "the client speaks protocol " + std::to_string(x.protocol)
                             + " and the server " + std::to_string(session_hello::current_protocol)
                             + ": use the same release of lockserver-caf on both sides");
  }
  if (auto wrong = check_name("name", x.name); !wrong.empty())
    return caf::make_error(errc::bad_request, wrong);
  if (context_.stopping)
    return caf::make_error(errc::stopping, "the server is stopping");
  // A client that asks again has given up its earlier session, and what it had.
  if (auto i = sessions_.find(client.address()); i != sessions_.end())
    compat::send(this, i->second, shut_down{});
  else if (sessions_.size() >= context_.config.max_connections)
    return caf::make_error(errc::too_many,
                           "the server has as many clients as it may, see max_connections");
  else
    watch(client);
  auto session = caf::actor_cast<remote_session_actor>(
    spawn<remote_session>(context_, client, std::move(x.name)));
  watch(caf::actor_cast<caf::actor>(session));
  sessions_[client.address()] = session;
  clients_[session.address()] = client.address();
  return session_welcome{caf::actor_cast<caf::strong_actor_ptr>(session),
                         context_.config.caf_session_timeout};
}

} // namespace lockserver
