// The connector actor: connects, and finds what a server has published.
#pragma once

#include "lockserver/remote_actors.hpp"
#include "net/client_actor/reach.hpp"

#include <caf/io/fwd.hpp>

#include <chrono>

namespace lockserver {

/// Spawned detached: it connects on a thread of its own, so that a server which
/// cannot be reached keeps none of the user's waiting, and not CAF's either, for
/// which all who connect would wait, and the end of the actor system.
class connector final : public connector_actor::base {
public:
  /// @param timeout of one attempt, until the host has answered.
  connector(caf::actor_config& cfg, bool tls, std::chrono::nanoseconds timeout);

  behavior_type make_behavior() override;

  const char* name() const override {
    return "connector";
  }

  void on_exit() override;

private:
  caf::result<caf::strong_actor_ptr> connect(connect_request& x);
  template <class Handle, class... Ts>
  caf::result<caf::strong_actor_ptr> ask(const Handle& whom, const std::string& where, Ts&&... xs);

  bool tls_;
  std::chrono::nanoseconds timeout_;
  /// Of an attempt whose other side has not said yet that it is a CAF node.
  owned_socket unanswered_;
};

} // namespace lockserver
