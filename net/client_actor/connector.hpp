// The connector actor: asks CAF's middleman for what a server has published.
#pragma once

#include "lockserver/remote_actors.hpp"

namespace lockserver {

/// The middleman has a thread of its own, on which it connects: a server that
/// cannot be reached keeps no thread of the user's waiting, but perhaps others
/// who want to connect.
class connector final : public connector_actor::base {
public:
  connector(caf::actor_config& cfg, bool tls);

  behavior_type make_behavior() override;

  const char* name() const override {
    return "connector";
  }

private:
  bool tls_;
};

} // namespace lockserver
