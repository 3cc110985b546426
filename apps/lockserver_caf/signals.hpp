// What signals do to a server that runs.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace lockserver::program {

/// Keeps the signals from the threads that are started from now on, and for
/// `signals`. Call before there are any.
void hold_signals();

/// SIGTERM and SIGINT: the first asks to stop, a second ends the process at once.
/// SIGHUP: opens the log file again. SIGUSR1 and SIGUSR2 mean nothing to this
/// server, but would end it: they are reported and ignored.
class signals {
public:
  struct reactions {
    std::function<void()> stop;
    std::function<void()> reopen_log;
    std::function<void(const char* name)> ignore;
  };

  /// Calls the reactions on a thread of its own, as soon as a signal arrives.
  /// `stop` is called once and is the last. After that, one more SIGTERM or
  /// SIGINT ends the process with _exit(128 + signal).
  /// @pre `hold_signals` has been called.
  explicit signals(reactions x);

  /// Waits until a call of a reaction is over. Later signals have no effect.
  ~signals();

  signals(const signals&) = delete;
  signals& operator=(const signals&) = delete;

  /// The signal that asked to stop, or 0.
  int stopped_by() const noexcept {
    return stopped_by_;
  }

private:
  void watch(const reactions& x);

  std::atomic<int> stopped_by_ = 0;
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

} // namespace lockserver::program
