// A guard that holds one lock for the length of a scope.
#pragma once

#include "lockserver/held_lock.hpp"
#include "lockserver/rest_client.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace lockserver {

/// Acquires a lock when constructed, renews it, and releases it when destroyed. Check it
/// before use: `if (scoped_lock guard{client, "key"}) …`.
///
/// The guard renews the lock in the background, as every `held_lock` does, for as long as
/// the scope lasts. So its `ttl` does not limit the work. It says how soon others get the
/// lock if this program dies. Unlike a mutex, the lock can be lost; check `held()`. Use
/// `hold`, which takes a handler, if the work must be told at once. Use
/// `rest_client::acquire` if you do not want renewals.
///
/// Movable, not copyable. Any thread may call `held` and `token`; only one thread at a
/// time may call the rest. The client must outlive the guard, because the renewals end
/// with the client.
class [[nodiscard]] scoped_lock {
public:
  /// Waits as `client.acquire(key, options)` does.
  scoped_lock(const rest_client& client, std::string key, client::acquire_options options = {})
    : key_(std::move(key)), lock_(hold(client, key_, std::move(options))) {
  }

  /// Whether the lock is ours now. Once false, it stays false.
  bool held() const noexcept {
    return lock_ && lock_->held();
  }

  explicit operator bool() const noexcept {
    return held();
  }

  /// Why there is no lock: it was not obtained, or it was lost. The code is clear while
  /// the lock is held, and after it was released.
  client::problem error() const {
    return lock_ ? lock_->loss() : lock_.error();
  }

  const std::string& key() const noexcept {
    return key_;
  }

  /// The fencing token; 0 when there never was a lock.
  std::uint64_t token() const noexcept {
    return lock_ ? lock_->token() : 0;
  }

  /// Releases the lock early, as `held_lock::release` does. Returns a problem if the lock
  /// was not ours any more, or if no server could be reached; in that case the lock ends
  /// when its time is over.
  client::answer<void> unlock() noexcept {
    if (!lock_)
      return client::problem{errc::not_holder, {}};
    return lock_->release();
  }

private:
  std::string key_;
  client::answer<held_lock> lock_;
};

} // namespace lockserver
