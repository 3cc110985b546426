#include "net/remote/releaser.hpp"

#include <utility>

namespace lockserver {

releaser::releaser(caf::actor_config& cfg, server_context& context,
                   std::vector<release_request> locks)
  : caf::event_based_actor(cfg), context_(context), locks_(std::move(locks)) {
  ++context_.remote_sessions;
}

// Without messages of its own it ends with the last answer that it waits for.
caf::behavior releaser::make_behavior() {
  release_some();
  return {};
}

void releaser::on_exit() {
  if (--context_.remote_sessions == 0)
    context_.on_last_connection_closed();
}

void releaser::release_some() {
  while (!locks_.empty() && under_way_.has_room()) {
    auto x = std::move(locks_.back());
    locks_.pop_back();
    under_way_.begin();
    auto on_heard = [this] {
      under_way_.end();
      release_some();
    };
    auto& registry = context_.keys->of(x.key);
    compat::request(this, registry, std::move(x))
      .then([on_heard](const release_reply&) { on_heard(); },
            [on_heard](const caf::error&) { on_heard(); });
  }
}

} // namespace lockserver
