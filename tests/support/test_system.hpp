// A deterministic actor system for tests: one thread and virtual time. Every message is
// handled when the test says so.
#pragma once

#include "actors/compat/hosting.hpp"
#include "actors/message_types.hpp"
#include "tests/support/virtual_timers.hpp"

#include "actors/compat/messaging.hpp"
#include "actors/messages.hpp"

#include <caf/actor_registry.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string_view>

namespace lockserver::test {

/// A request with CAF's own timeout, which the server never uses.
template <class Self, class Handle, class T>
auto request_within(Self* self, const Handle& to, std::chrono::milliseconds timeout, T x) {
#if LOCKSERVER_CAF_1
  return self->mail(std::move(x)).request(to, timeout);
#else
  return self->request(to, timeout, std::move(x));
#endif
}

/// Runs one message of one actor at a time, on the thread that calls `step`. Actors take
/// turns in the order in which they got work, or at random after `shuffle`.
class step_scheduler final : public compat::worker_pool {
public:
  // -- worker_pool ------------------------------------------------------------

  void add(caf::resumable* job) override {
    jobs_.push_back(job);
  }
  void start(caf::actor_system& sys) override {
    worker_.attach(sys);
  }
  void stop() override {
    // Abandoning a job may create others.
    while (!jobs_.empty())
      abandon(take(0));
  }

  // -- for tests --------------------------------------------------------------

  /// From now on, actors take turns at random.
  void shuffle(std::uint64_t seed) {
    random_.emplace(seed);
  }

  /// Lets one actor handle one message. Returns whether there was one.
  bool step() {
    if (jobs_.empty())
      return false;
    std::size_t index = 0;
    if (random_)
      index = std::uniform_int_distribution<std::size_t>{0, jobs_.size() - 1}(*random_);
    run(index);
    return true;
  }

  /// Lets the first actor of that name that has work handle one message. Returns whether
  /// there was one.
  bool step(std::string_view name) {
    auto i = std::find_if(jobs_.begin(), jobs_.end(),
                          [name](caf::resumable* x) { return name_of(x) == name; });
    if (i == jobs_.end())
      return false;
    run(static_cast<std::size_t>(i - jobs_.begin()));
    return true;
  }

  /// Runs actors until only those of that name have work.
  void run_without(std::string_view name) {
    for (;;) {
      auto i = std::find_if(jobs_.begin(), jobs_.end(),
                            [name](caf::resumable* x) { return name_of(x) != name; });
      if (i == jobs_.end())
        return;
      run(static_cast<std::size_t>(i - jobs_.begin()));
    }
  }

private:
  struct step_worker final : compat::worker {
    explicit step_worker(step_scheduler& x) : pool(x) {
    }
    void add(caf::resumable* job) override {
      pool.add(job);
    }
    step_scheduler& pool;
  };

  static std::string_view name_of(caf::resumable* x) {
    auto* actor = dynamic_cast<caf::local_actor*>(x);
    return actor != nullptr ? actor->name() : "";
  }

  caf::resumable* take(std::size_t index) {
    auto* job = jobs_[index];
    jobs_.erase(jobs_.begin() + static_cast<std::ptrdiff_t>(index));
    return job;
  }

  void run(std::size_t index) {
    auto* job = take(index);
    if (worker_.resume(job, 1))
      jobs_.push_back(job);
  }

  std::deque<caf::resumable*> jobs_;
  step_worker worker_{*this};
  std::optional<std::mt19937_64> random_;
};

/// An actor system on a `step_scheduler`, with virtual time.
class test_system {
public:
  using duration = virtual_timers::duration;

  test_system() {
    compat::register_types<caf::id_block::lockserver>(config_);
    system_ = compat::make_system(config_, steps_);
    run();
  }

  ~test_system() {
    // The remains of a failed test must not block its end.
    if (system_->registry().running() > 0)
      system_->await_actors_before_shutdown(false);
  }

  test_system(const test_system&) = delete;
  test_system& operator=(const test_system&) = delete;

  caf::actor_system& system() noexcept {
    return *system_;
  }
  step_scheduler& steps() noexcept {
    return steps_;
  }
  virtual_timers& time() noexcept {
    return time_;
  }

  timers::time_point now() const noexcept {
    return time_.now();
  }

  /// The number of living actors.
  std::size_t actors() const {
    return system_->registry().running();
  }

  /// Runs actors until none has work. Time does not pass.
  void run() {
    while (steps_.step()) {
    }
  }

  /// Lets time pass, from one wake-up to the next. At each wake-up, actors run until none
  /// has work.
  void advance(duration by) {
    auto end = now() + by;
    run();
    for (auto due = time_.next_due(); due && *due <= end; due = time_.next_due()) {
      time_.pass(std::max(*due - now(), duration::zero()));
      time_.fire();
      run();
    }
    time_.pass(end - now());
  }

private:
  struct types {
    types() {
      init_server_types();
    }
  };

  types types_; // before any config
  step_scheduler steps_;
  virtual_timers time_;
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
};

} // namespace lockserver::test
