// A guard that holds one lock for the length of a scope.
#pragma once

#include "lockserver/held_lock.hpp"
#include "lockserver/rest_client.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace lockserver {

/// Acquires a lock when made, keeps it, and gives it back when destroyed. Check it
/// before use: `if (scoped_lock guard{client, "key"}) …`.
///
/// It holds for as long as the scope lasts, as a guard should: it is renewed in the
/// background, as every `held_lock`, so that its `ttl` is not how long the work may take
/// but how soon others get the lock when this program dies. Unlike a mutex it can be
/// lost; `held()` tells. Work that must not go on then, or wants to be told at once,
/// uses `hold`, which takes a handler. Who does not want renewals uses
/// `rest_client::acquire`.
///
/// Movable, not copyable. `held` and `token` may be called from any thread, the rest by
/// one at a time. The client must outlive it, or the renewals end with the client.
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

  /// Why there is no lock: why it was not obtained, or why it was lost. With a clear
  /// code while it is held, and after it was given back.
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

  /// Gives the lock back early, as `held_lock::release`: a problem when it was not ours
  /// any more, or there is no server to take it (then the lock ends by its time).
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
