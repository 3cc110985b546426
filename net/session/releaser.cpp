#include "net/session/releaser.hpp"

#include <utility>

namespace lockserver {

releaser::releaser(caf::actor_config& cfg, server_context& context,
                   std::vector<release_request> locks)
  : caf::event_based_actor(cfg), context_(context), locks_(std::move(locks)) {
  ++context_.remote_sessions;
}

// An actor without a behavior ends with the last response that it waits for.
caf::behavior releaser::make_behavior() {
  release_some();
  return {};
}

void releaser::on_exit() {
  if (--context_.remote_sessions == 0)
    context_.on_last_connection_closed();
}

// The next answer tries the rest again.
void releaser::on_exception() noexcept {
  log_exception(context_.log, "releaser");
}

void releaser::release_some() {
  while (!locks_.empty() && under_way_.has_room()) {
    auto on_heard = guarded_call(*this, [this] {
      under_way_.end();
      release_some();
    });
    compat::request(this, context_.keys->of(locks_.back().key), locks_.back())
      .then([on_heard](const release_reply&) { on_heard(); },
            [on_heard](const caf::error&) { on_heard(); });
    locks_.pop_back();
    under_way_.begin();
  }
}

} // namespace lockserver
