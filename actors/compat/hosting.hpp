// Runs actors on threads that are not CAF's own, in the same way with both versions of
// CAF.
#pragma once

#include "lockserver/detail/caf.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#if LOCKSERVER_CAF_1
#  include <caf/detail/actor_system_access.hpp>
#else
#  include <caf/detail/thread_safe_actor_clock.hpp>
#  include <caf/execution_unit.hpp>
#  include <caf/scheduler/abstract_coordinator.hpp>

#  include <atomic>
#  include <mutex>
#  include <thread>
#  include <unordered_set>
#endif

namespace lockserver::compat {

#if LOCKSERVER_CAF_1
using execution_context = caf::scheduler;
#else
using execution_context = caf::execution_unit;
#endif

/// A thread that runs actors. Each actor that it resumes gets it as the execution
/// context, and so it receives the actors that this one wakes.
class worker : public execution_context {
public:
#if LOCKSERVER_CAF_1
  void schedule(caf::resumable* job) final {
    add(job);
  }
  void delay(caf::resumable* job) final {
    add(job);
  }
  void start() final {
  }
  void stop() final {
  }
  void attach(caf::actor_system&) noexcept {
  }
#else
  void exec_later(caf::resumable* job) final {
    add(job);
  }
  void attach(caf::actor_system& sys) noexcept {
    system_ = &sys;
  }
#endif

  /// Takes over one reference to `job` and runs it later. Thread-safe.
  virtual void add(caf::resumable* job) = 0;

  /// Runs `job` once. If it returns true, the job has more to do, and the caller keeps
  /// the reference. Otherwise the reference has been released.
  bool resume(caf::resumable* job, std::size_t max_messages) {
    if (job->resume(this, max_messages) == caf::resumable::resume_later)
      return true;
    caf::intrusive_ptr_release(job);
    return false;
  }
};

/// All workers of one actor system. Must outlive the system.
class worker_pool {
public:
  virtual ~worker_pool() = default;

  /// Adds a job, from one of the workers or from any other thread. Thread-safe.
  virtual void add(caf::resumable* job) = 0;

  /// Begins to run jobs. The system is complete, except that its scheduler has not
  /// started.
  virtual void start(caf::actor_system& sys) = 0;

  /// Called after the last job. Returns when no worker runs. Jobs that have not run are
  /// passed to `abandon`.
  virtual void stop() = 0;

  /// Until `release_wakes`, jobs from the calling thread, which is no worker, need not
  /// wake a worker one by one. Thread-safe.
  virtual void hold_wakes() {
  }
  virtual void release_wakes() {
  }

protected:
  /// Releases a job that will never run.
  static void abandon(caf::resumable* job) {
#if LOCKSERVER_CAF_1
    caf::intrusive_ptr_release(job);
#else
    caf::scheduler::abstract_coordinator::cleanup_and_release(job);
#endif
  }
};

#if LOCKSERVER_CAF_1

/// Makes a `worker_pool` CAF's scheduler.
class scheduler_adapter final : public caf::scheduler {
public:
  scheduler_adapter(caf::actor_system& sys, worker_pool& pool) : sys_(&sys), pool_(&pool) {
  }
  void schedule(caf::resumable* job) override {
    pool_->add(job);
  }
  void delay(caf::resumable* job) override {
    pool_->add(job);
  }
  void start() override {
    pool_->start(*sys_);
  }
  void stop() override {
    pool_->stop();
  }

private:
  caf::actor_system* sys_;
  worker_pool* pool_;
};

/// Makes an actor system whose actors run on `pool`.
inline std::unique_ptr<caf::actor_system> make_system(caf::actor_system_config& cfg,
                                                      worker_pool& pool) {
  auto setup = [](caf::actor_system& sys, caf::actor_system_config&, void* ptr) {
    caf::detail::actor_system_access access{sys};
    access.scheduler(std::make_unique<scheduler_adapter>(sys, *static_cast<worker_pool*>(ptr)));
  };
  return std::make_unique<caf::actor_system>(cfg, setup, &pool);
}

#else

/// CAF's clock, for actors that use CAF's timeouts; ours use none. CAF tells it of every
/// actor that ends, which would wake the clock's thread each time. So only actors that
/// have set a timeout on it are passed on.
class on_demand_clock final : public caf::detail::thread_safe_actor_clock {
public:
  using super = caf::detail::thread_safe_actor_clock;

  void set_ordinary_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type,
                            std::uint64_t id) override {
    remember(self);
    super::set_ordinary_timeout(t, self, type, id);
  }
  void set_request_timeout(time_point t, caf::abstract_actor* self, caf::message_id id) override {
    remember(self);
    super::set_request_timeout(t, self, id);
  }
  void set_multi_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type,
                         std::uint64_t id) override {
    remember(self);
    super::set_multi_timeout(t, self, type, id);
  }
  void cancel_timeouts(caf::abstract_actor* self) override {
    if (forget(self))
      super::cancel_timeouts(self);
  }

private:
  void remember(caf::abstract_actor* x) {
    std::lock_guard guard{mutex_};
    users_.insert(x);
    any_ = true;
  }
  bool forget(caf::abstract_actor* x) {
    // An actor sets its timeouts before it ends, so this sees its own.
    if (!any_)
      return false;
    std::lock_guard guard{mutex_};
    return users_.erase(x) > 0;
  }

  std::mutex mutex_;
  std::unordered_set<caf::abstract_actor*> users_;
  std::atomic<bool> any_{false};
};

/// Makes a `worker_pool` CAF's scheduler.
class scheduler_adapter final : public caf::scheduler::abstract_coordinator {
public:
  using super = caf::scheduler::abstract_coordinator;

  scheduler_adapter(caf::actor_system& sys, worker_pool& pool) : super(sys), pool_(&pool) {
  }
  void enqueue(caf::resumable* job) override {
    pool_->add(job);
  }
  caf::detail::thread_safe_actor_clock& clock() noexcept override {
    return clock_;
  }

protected:
  void start() override {
    pool_->start(system());
    clock_thread_ = std::thread{[this] { clock_.run_dispatch_loop(); }};
    super::start();
  }
  void stop() override {
    stop_actors();
    pool_->stop();
    clock_.cancel_dispatch_loop();
    clock_thread_.join();
  }

private:
  worker_pool* pool_;
  on_demand_clock clock_;
  std::thread clock_thread_;
};

/// Makes an actor system whose actors run on `pool`.
inline std::unique_ptr<caf::actor_system> make_system(caf::actor_system_config& cfg,
                                                      worker_pool& pool) {
  cfg.module_factories.push_back([&pool](caf::actor_system& sys) -> caf::actor_system::module* {
    return new scheduler_adapter(sys, pool);
  });
  return std::make_unique<caf::actor_system>(cfg);
}

#endif

/// An actor that always runs on one worker, whoever wakes it, as CAF's brokers do. So it
/// can share state with the rest of that worker's thread without a lock. `Base` is an
/// actor class, such as `typed_actor<…>::base`.
template <class Base>
class pinned : public Base {
public:
  template <class... Ts>
  pinned(caf::actor_config& cfg, worker& host, Ts&&... xs)
    : Base(cfg, std::forward<Ts>(xs)...), host_(&host) {
    this->context(host_);
  }

  using Base::enqueue;

#if LOCKSERVER_CAF_1
  bool enqueue(caf::mailbox_element_ptr what, caf::scheduler*) override {
    return Base::enqueue(std::move(what), host_);
  }
#else
  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override {
    Base::enqueue(std::move(what), host_);
  }
#endif

private:
  worker* host_;
};

} // namespace lockserver::compat
