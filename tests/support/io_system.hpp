// Actors on real threads, for tests of the scheduler.
#pragma once

#include "actors/compat/hosting.hpp"
#include "actors/message_types.hpp"
#include "net/io/io_scheduler.hpp"

#include <caf/scoped_actor.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace lockserver::test {

/// An actor system on real threads.
struct io_system {
  explicit io_system(unsigned num_threads) : threads(num_threads) {
    compat::register_types<caf::id_block::lockserver>(config);
    system = compat::make_system(config, threads);
  }

  struct types {
    types() {
      init_server_types();
    }
  };

  types init; // before the config
  io_scheduler threads;
  caf::actor_system_config config;
  std::unique_ptr<caf::actor_system> system;
};

/// Called with each number that an actor receives.
using on_number = std::function<void(caf::event_based_actor*, std::uint64_t)>;

/// An actor that calls a function with each number that it receives. (A class,
/// because spawning a function without arguments is undefined in CAF 0.17.)
class counter final : public caf::event_based_actor {
public:
  counter(caf::actor_config& cfg, on_number f) : caf::event_based_actor(cfg), f_(std::move(f)) {
  }

  caf::behavior make_behavior() override {
    return {[this](std::uint64_t n) { f_(this, n); }};
  }

private:
  on_number f_;
};

inline caf::actor spawn_counter(io_system& x, on_number f) {
  return x.system->spawn<counter>(std::move(f));
}

/// An actor with a wake-up. It sets the wake-up for each number that it receives, and
/// calls a function when it is woken.
class sleeper final : public caf::event_based_actor {
public:
  sleeper(caf::actor_config& cfg, timers& time, std::function<void(sleeper&)> woken)
    : caf::event_based_actor(cfg), alarm(time, this), woken_(std::move(woken)) {
  }

  caf::behavior make_behavior() override {
    return {
      [this](deadline_reached) {
        alarm.arrived();
        woken_(*this);
      },
      [this](std::uint64_t nanoseconds) {
        due = timers::time_point{std::chrono::nanoseconds{nanoseconds}};
        alarm.no_later_than(due);
      },
    };
  }

  void on_exit() override {
    alarm.clear();
  }

  wake_up alarm;
  timers::time_point due;

private:
  std::function<void(sleeper&)> woken_;
};

/// A time as a number for a `sleeper`.
inline std::uint64_t number(timers::time_point x) {
  return static_cast<std::uint64_t>(
    std::chrono::duration_cast<std::chrono::nanoseconds>(x.time_since_epoch()).count());
}

/// Ends an actor after it has handled the messages that it has received.
inline void end(const caf::actor& x) {
  caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
}

} // namespace lockserver::test
