// Timers for an actor system that belongs to the user. They use CAF's own clock.
#pragma once

#include "actors/compat/messaging.hpp"
#include "actors/timers/timers.hpp"
#include "lockserver/boot_clock.hpp"

namespace lockserver {

/// Reads `boot_clock`, which goes on while the machine sleeps, as the server's clock
/// does. (The type `timers::time_point` names the clock of the server's timers. It is
/// used here for its form only.) CAF cannot cancel a delayed message: one that is not
/// wanted any more still arrives.
class caf_timers final : public timers {
public:
  time_point now() const noexcept override {
    return time_point{boot_clock::now().time_since_epoch()};
  }
  std::chrono::system_clock::time_point wall_now() const noexcept override {
    return std::chrono::system_clock::now();
  }
  void set(wake_up& x, time_point due) override {
    place(x) = this;
    if (auto actor = owner(node(x)))
      compat::delayed_anon_send(actor, due - now(), deadline_reached{});
  }
  void clear(wake_up&) noexcept override {
  }
};

} // namespace lockserver
