// Timers of an actor system that is the user's: by CAF's own clock.
#pragma once

#include "actors/compat/messaging.hpp"
#include "actors/timers/timers.hpp"
#include "lockserver/boot_clock.hpp"

namespace lockserver {

/// Tells the time by `boot_clock`, which goes on while the machine sleeps, since
/// the server's does. (As a `timers::time_point`, which has the clock of the
/// server's timers in its name only.) CAF cannot call a message back: what is
/// not wanted any more comes for nothing.
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
