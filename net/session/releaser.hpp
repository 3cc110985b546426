// The releaser actor: gives back what a CAF client had, without getting into the way
// of others.
#pragma once

#include "actors/guarded.hpp"
#include "actors/rules/pacer.hpp"
#include "net/session/server_context.hpp"

#include <vector>

namespace lockserver {

/// Lives until all is given back. The server waits for it as for the session that left
/// it the locks, so that a store keeps none of them.
class releaser final : public caf::event_based_actor {
public:
  releaser(caf::actor_config& cfg, server_context& context, std::vector<release_request> locks);

  caf::behavior make_behavior() override;

  const char* name() const override {
    return "releaser";
  }

  void on_exit() override;

  /// See `guarded`.
  void on_exception() noexcept;

private:
  void release_some();

  server_context& context_;
  std::vector<release_request> locks_;
  pacer under_way_;
};

} // namespace lockserver
