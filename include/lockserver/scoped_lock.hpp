// A guard that holds one lock of a `rest_client` for the length of a scope.
#pragma once

#include "lockserver/rest_client.hpp"

#include <string>
#include <utility>

namespace lockserver {

/// Asks for a lock when made and gives it back when destroyed. Check it before
/// use: `if (scoped_lock guard{client, "key"}) …`.
///
/// It does not renew: work that takes longer than the lock's time must check
/// `expires_at`, as with any lease. Movable, not copyable; not thread-safe.
/// The client must outlive it.
class [[nodiscard]] scoped_lock {
public:
  /// Waits as `client.lock(key, times)` does.
  scoped_lock(const rest_client& client, std::string key, lock_times times = {})
    : client_(&client), key_(std::move(key)), result_(client.lock(key_, times)) {
  }

  scoped_lock(scoped_lock&& other) noexcept
    : client_(std::exchange(other.client_, nullptr)),
      key_(std::move(other.key_)),
      result_(std::exchange(other.result_, {})) {
  }

  scoped_lock& operator=(scoped_lock&& other) noexcept {
    if (this != &other) {
      unlock();
      client_ = std::exchange(other.client_, nullptr);
      key_ = std::move(other.key_);
      result_ = std::exchange(other.result_, {});
    }
    return *this;
  }

  ~scoped_lock() {
    unlock();
  }

  /// Whether the lock was obtained and not yet given back by this guard.
  bool owns_lock() const noexcept {
    return static_cast<bool>(result_);
  }

  explicit operator bool() const noexcept {
    return owns_lock();
  }

  /// What asking for the lock came to.
  const lock_result& result() const noexcept {
    return result_;
  }

  const std::string& key() const noexcept {
    return key_;
  }

  /// Gives the lock back early. Returns whether it was still ours; false also
  /// when the server could not be reached (the lock then ends by its time).
  bool unlock() noexcept {
    if (!owns_lock())
      return false;
    result_.status = lock_status::not_obtained;
    try {
      std::error_code ec;
      return client_->unlock(key_, ec);
    } catch (...) { // out of memory: the lock ends by its time
      return false;
    }
  }

private:
  const rest_client* client_;
  std::string key_;
  lock_result result_;
};

} // namespace lockserver
