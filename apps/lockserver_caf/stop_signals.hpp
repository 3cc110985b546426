// SIGTERM and SIGINT: the first asks to stop, a second ends the process at once.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace lockserver::program {

/// Keeps the signals from the threads that are started from now on, and for
/// `stop_signals`. Call before there are any.
void hold_stop_signals();

class stop_signals {
public:
  /// Calls `stop` on a thread of its own, once, when a signal has arrived or as
  /// soon as one does. After that, one more ends the process with
  /// _exit(128 + signal).
  /// @pre `hold_stop_signals` has been called.
  explicit stop_signals(std::function<void()> stop);

  /// Waits until a call of `stop` is over. Later signals have no effect.
  ~stop_signals();

  stop_signals(const stop_signals&) = delete;
  stop_signals& operator=(const stop_signals&) = delete;

  /// The signal that arrived, or 0.
  int received() const noexcept {
    return received_;
  }

private:
  void watch(const std::function<void()>& stop);

  std::atomic<int> received_ = 0;
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

} // namespace lockserver::program
