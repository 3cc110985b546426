// The reactions of a running server to signals.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace lockserver::program {

/// Blocks the signals in the threads that are started from now on, and leaves them to
/// `signals`. Call it before there are any threads.
void hold_signals();

/// SIGTERM and SIGINT: the first one asks the server to stop, a second one ends the
/// process at once. SIGHUP opens the log file again and reloads the TLS files. SIGUSR1 and
/// SIGUSR2 have no meaning here but would end the process, so they are reported and
/// ignored.
class signals {
public:
  struct reactions {
    std::function<void()> stop;
    std::function<void()> reload;
    std::function<void(const char* name)> ignore;
  };

  /// Calls the reactions on a thread of its own when a signal arrives. `stop` is called
  /// once and is the last. After that, another SIGTERM or SIGINT ends the process with
  /// _exit(128 + signal).
  /// @pre `hold_signals` has been called.
  explicit signals(reactions x);

  /// Waits until a running reaction has returned. Later signals have no effect.
  ~signals();

  signals(const signals&) = delete;
  signals& operator=(const signals&) = delete;

  /// The signal that asked the server to stop, or 0.
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
