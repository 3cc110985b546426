// The I/O threads of one server. They are CAF's scheduler, and own all timers. Knows
// neither HTTP nor locks.
#pragma once

#include "actors/compat/hosting.hpp"
#include "actors/timers/timers.hpp"
#include "net/io/io_thread.hpp"

#include <atomic>
#include <memory>
#include <vector>

namespace lockserver {

/// Runs actors on I/O threads. An actor runs on the I/O thread that sent its message. A
/// message that no I/O thread sent goes to the next one in turn. An actor that has work
/// left stays on its thread.
///
/// Owns the timers, because an I/O thread can serve its own deadlines without waking
/// another thread. Each thread has an ordered queue and one alarm for the earliest
/// deadline. A wake-up stays on the thread that first set it.
class io_scheduler final : public compat::worker_pool, public timers {
public:
  explicit io_scheduler(unsigned num_threads);

  // -- worker_pool: called by CAF ---------------------------------------------

  void add(caf::resumable* job) override;
  void start(caf::actor_system& sys) override;
  void stop() override;
  void hold_wakes() override {
    io_thread::hold_wakes();
  }
  void release_wakes() override {
    io_thread::release_wakes();
  }

  // -- timers -----------------------------------------------------------------

  time_point now() const noexcept override {
    return std::chrono::steady_clock::now();
  }
  std::chrono::system_clock::time_point wall_now() const noexcept override {
    return std::chrono::system_clock::now();
  }
  void set(wake_up& x, time_point due) override;
  void clear(wake_up& x) noexcept override;

  // -- threads ----------------------------------------------------------------

  std::size_t size() const noexcept {
    return threads_.size();
  }
  io_thread& thread(std::size_t index) noexcept {
    return *threads_[index];
  }

private:
  io_thread* own_current() const noexcept;
  io_thread& next() noexcept;

  std::vector<std::unique_ptr<io_thread>> threads_;
  std::atomic<std::size_t> next_{0};
};

} // namespace lockserver
