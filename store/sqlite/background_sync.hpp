// Waiting for the disk beside the commits, a while after them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace lockserver {

/// Has a file written to disk some time after it was changed, on a thread of its
/// own: what changed it does not wait. While nothing changes, nothing is done.
class background_sync {
public:
  using duration = std::chrono::steady_clock::duration;

  /// @param sync waits for the disk, and returns whether it has all that was
  /// written before. Called on the thread.
  /// @param pause from a change to the call of `sync`.
  background_sync(std::function<bool()> sync, duration pause);

  /// Waits until a call of `sync` is over. What changed since is left.
  ~background_sync();

  background_sync(const background_sync&) = delete;
  background_sync& operator=(const background_sync&) = delete;

  /// To be called behind each change. Thread-safe, as is the next.
  void changed();

  /// Whether `sync` has failed since this was called last.
  bool has_failed();

private:
  void work();

  std::function<bool()> sync_;
  duration pause_;
  std::mutex mutex_;
  std::condition_variable wake_up_;
  bool changed_ = false;
  bool failed_ = false;
  bool done_ = false;
  std::thread thread_;
};

} // namespace lockserver
