// The releaser actor: releases the locks of a CAF client that is gone, without delaying
// others.
#pragma once

#include "actors/guarded.hpp"
#include "actors/rules/pacer.hpp"
#include "net/session/server_context.hpp"

#include <vector>

namespace lockserver {

/// Lives until all locks are released. The server waits for it before it stops, as for
/// the session, so that a store does not keep these locks.
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
