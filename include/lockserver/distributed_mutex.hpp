// A lock of the server in the form of a mutex, for `std::unique_lock` and the like.
#pragma once

#include "lockserver/held_lock.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>

namespace lockserver {

/// Excludes the threads of this process that share the object and, through the server,
/// all other owners of the key. Meets the standard's requirements *Lockable* and, for
/// `try_lock_for`, most of *TimedLockable*:
///
///     distributed_mutex mutex{client, "key"};
///     std::unique_lock guard{mutex};
///     … mutex.held() …
///
/// Unlike a mutex, the lock can be lost: see `held_lock`. Thread-safe, as a
/// `std::timed_mutex` is. The client must outlive the mutex.
class distributed_mutex {
public:
  /// @param options its `wait` is how long each request of `lock()` waits in the server's
  ///        queue, unless it is 0. Between two requests, `lock()` loses its place in the
  ///        queue.
  explicit distributed_mutex(const rest_client& client, std::string key,
                             client::acquire_options options = {},
                             held_lock::lost_handler on_lost = {})
    : client_(client),
      key_(std::move(key)),
      options_(std::move(options)),
      on_lost_(std::move(on_lost)) {
  }

  /// Waits without a limit. Throws `std::system_error` when the server cannot be reached,
  /// or refuses for another reason than that the lock is held.
  void lock() {
    std::unique_lock local{local_};
    auto options = options_;
    if (options.wait == std::chrono::milliseconds{0})
      options.wait.reset(); // a wait of 0 would send requests without a pause
    while (!acquire(options)) {
    }
    local.release();
  }

  /// Returns whether the lock was free and is now ours. Throws as `lock` does.
  bool try_lock() {
    return try_lock_for(std::chrono::milliseconds{0});
  }

  /// Waits in the server's queue for at most `wait`. Throws as `lock` does.
  bool try_lock_for(std::chrono::milliseconds wait) {
    auto deadline = std::chrono::steady_clock::now() + wait;
    std::unique_lock local{local_, deadline};
    if (!local)
      return false;
    auto options = options_;
    options.wait = std::max(std::chrono::milliseconds{0},
                            std::chrono::duration_cast<std::chrono::milliseconds>(
                              deadline - std::chrono::steady_clock::now()));
    if (!acquire(options))
      return false;
    local.release();
    return true;
  }

  /// @pre this thread has locked it. A lock that was lost meanwhile is no error here.
  /// Call `held()` first if that matters.
  void unlock() {
    (void) lock_.release();
    local_.unlock();
  }

  /// Whether the lock is still ours. @pre this thread has locked it.
  bool held() const noexcept {
    return lock_.held();
  }

  /// The fencing token. @pre this thread has locked it.
  std::uint64_t token() const noexcept {
    return lock_.token();
  }

private:
  bool acquire(const client::acquire_options& options) {
    auto result = hold(client_, key_, options, on_lost_);
    if (result) {
      lock_ = std::move(*result);
      return true;
    }
    auto why = result.error();
    if (why == std::errc::device_or_resource_busy)
      return false;
    throw std::system_error(why.code, why.detail);
  }

  const rest_client& client_;
  const std::string key_;
  const client::acquire_options options_;
  const held_lock::lost_handler on_lost_;
  std::timed_mutex local_;
  held_lock lock_; // guarded by local_
};

} // namespace lockserver
