// Waits for events of other threads, with a time limit.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace lockserver::test {

/// Waits until an event has happened a number of times. Thread-safe.
class countdown {
public:
  explicit countdown(std::size_t times) : left_(times) {
  }

  /// Counts one event. More than expected is no error.
  void hit() {
    std::lock_guard guard{mutex_};
    if (left_ > 0 && --left_ == 0)
      changed_.notify_all();
  }

  /// Returns whether the event has happened often enough. Waits at most for a time far
  /// longer than any test needs.
  bool wait() {
    std::unique_lock guard{mutex_};
    return changed_.wait_for(guard, std::chrono::seconds{60}, [this] { return left_ == 0; });
  }

  bool is_done() {
    std::lock_guard guard{mutex_};
    return left_ == 0;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t left_;
};

} // namespace lockserver::test
