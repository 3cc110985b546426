// What the key and registry actors of one server share. Owned by the server,
// outlives all of them.
#pragma once

#include "actors/actors.hpp"
#include "actors/compat/hosting.hpp"
#include "actors/journal_status.hpp"
#include "actors/rules/lease_table.hpp"
#include "actors/rules/lock_queue.hpp"
#include "actors/rules/token_source.hpp"
#include "actors/timers/timers.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <utility>

namespace spdlog {
class logger;
}

namespace lockserver {

/// Numbers for operators and tests. One set per registry, a cache line of its
/// own, because its keys update it with every lock.
struct alignas(64) lock_counts {
  std::atomic<std::size_t> holders{0};
  std::atomic<std::size_t> waiters{0};
};

/// Hears of grants and their ends, when they are decided. Called by the threads of the keys.
class grant_listener {
public:
  virtual ~grant_listener() = default;
  virtual void granted(const std::string& key, const grant& x) noexcept = 0;
  virtual void ended(const std::string& key, const grant& x, lock_change::cause why) noexcept = 0;
};

/// What the keys of one registry share. The registry owns it, and lives longer than they do.
struct registry_share {
  leases_actor leases; ///< Hears of leases' grants, unless a journal tells it.
  lock_counts& counts;
};

/// Where a lock actor gets the time, its tokens, its logger from.
struct lock_environment {
  timers& time;
  token_source& tokens;
  spdlog::logger& log;
  /// How long an unused key keeps its actor.
  std::chrono::steady_clock::duration key_idle_timeout;
  lock_limits limits;       ///< Of each lock.
  std::size_t max_keys = 0; ///< Key actors at a time.
  lockserver::lease_limits lease_limits{};
  std::atomic<std::size_t> keys{0}; ///< Of all registries.
  std::atomic<std::size_t> leases{0};
  /// Who runs the actors, but the journal; null: CAF.
  compat::worker_pool* workers = nullptr;
  /// Null without a durable store; unchanged while there are actors.
  journal_actor journal{};
  journal_status stored{};
  /// Called once, by the journal's thread, with a sentence: another server writes to the
  /// store now. This one confirms nothing any more, and its lock actors are to end.
  std::function<void(const std::string&)> on_lost{};
  /// Null: nobody wants to know. Lives longer than the actors.
  grant_listener* grants = nullptr;
  /// Requests that may occupy their connections with waiting, and that do.
  std::size_t max_waits = std::numeric_limits<std::size_t>::max();
  std::atomic<std::size_t> waits{0};

  /// Whether changes can be accepted: they are not stored, or can be.
  bool writable() const noexcept {
    return !journal || stored.is_well();
  }

  /// Whether what is settled may be told without asking the store: no other server can
  /// have changed it.
  bool may_tell() const noexcept {
    auto until = stored.answers_until();
    return until == boot_clock::time_point::max() || time.boot_now() < until;
  }
};

/// A key that counts in `lock_environment::keys`, until `reset` or its end.
class counted_key {
public:
  /// @param env it has been counted there.
  explicit counted_key(lock_environment& env) noexcept : env_(&env) {
  }
  counted_key(counted_key&& x) noexcept : env_(std::exchange(x.env_, nullptr)) {
  }
  counted_key& operator=(counted_key&&) = delete;
  ~counted_key() {
    reset();
  }

  void reset() noexcept {
    if (auto* env = std::exchange(env_, nullptr))
      if (--env->keys == 0)
        env->keys.notify_all();
  }

private:
  lock_environment* env_;
};

} // namespace lockserver
