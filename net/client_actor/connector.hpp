// The connector actor: connects, and finds what a server has published.
#pragma once

#include "actors/compat/messaging.hpp"
#include "lockserver/detail/wire_types.hpp"
#include "lockserver/tls_files.hpp"
#include "net/client_actor/reach.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace lockserver {

/// Finds the actor that a server has published, without blocking other actors.
using connector_actor = compat::typed_actor<caf::result<caf::strong_actor_ptr>(connect_request)>;

struct connector_options {
  std::optional<tls_files> tls{};     ///< Read for each attempt, because they may be renewed.
  std::chrono::nanoseconds timeout{}; ///< For one attempt, until the host has answered.
  /// Interrupts the present attempt; when the owner ends, all attempts.
  std::shared_ptr<const interruption> interrupt{};
};

/// Spawned detached: it connects on a thread of its own. So a server that cannot be
/// reached blocks neither the user's threads nor CAF's network thread, where all connects
/// would wait.
class connector final : public connector_actor::base {
public:
  connector(caf::actor_config& cfg, connector_options options);

  behavior_type make_behavior() override;

  const char* name() const override {
    return "connector";
  }

  void on_exit() override;

private:
  caf::result<caf::strong_actor_ptr> connect(connect_request& x);

  connector_options options_;
  /// The socket of an attempt whose peer has not yet proved to be a CAF node.
  owned_socket unanswered_;
  std::uint64_t attempt_ = 0; ///< The attempt that owns the socket.
};

} // namespace lockserver
