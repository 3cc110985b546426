// A lock that is renewed in the background, and that says when it is lost.
#pragma once

#include "lockserver/client_error.hpp"
#include "lockserver/rest_client.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace lockserver {

class blocking_core;
class held_record;
class lock_keeper;

enum class hold_state {
  none,     ///< Made without a lock, moved from, or copied into a child process by fork.
  held,     ///< Ours.
  lost,     ///< It could not be renewed, or was taken away.
  released, ///< Given back.
};

/// Holds a grant of the JSON dialect. It renews the grant at each third of its ttl, and
/// releases it when destroyed.
///
/// When the lock is lost: it counts as held until `grant::safe_until`. That is the time
/// before the acquire, or the last successful renewal, was sent, plus the ttl, less a
/// margin of a hundredth (at least 2 ms). The server gives the lock to nobody else before
/// that, whatever happens to the connection. There are two exceptions, which the next
/// renewal detects: an operator forces the lock, or the server restarts and forgets it.
///
/// `held()` reads the clock in each call. The clock (`boot_clock`) goes on while the
/// process or the machine is suspended. So a process that was stopped for too long gets
/// false from its first `held()`, even if no other part of it has run since. The process
/// may also be stopped after a `held()` that returns true and before its next step. Only
/// a resource that refuses old `token()`s is safe from that.
///
/// A lock with `lock_hold::connection` is renewed on its connection, at least every 15
/// seconds, so that the server does not close it as idle. The lock is lost as soon as the
/// connection ends; `held()` checks that, too. A connection may end for the server only,
/// for instance when a firewall forgets it. Then both disagree until the next renewal.
///
/// All locks of a client share one background thread, which starts with the first lock.
/// When the client is destroyed, renewals end. Its locks are still held until their time
/// is over, and can still be released.
///
/// A lock belongs to the process that obtained it. In a child process the state is
/// `none`: the child neither renews nor releases the lock.
///
/// Movable, not copyable. Any thread may call `held`, `state`, `loss`, `remaining`,
/// `token`, `pause` and `resume`. Only one thread at a time may move the object or call
/// `release`.
/// Movable, not copyable. `held`, `state`, `loss`, `remaining`, `token`, `pause`
/// and `resume` may be called from any thread; moving and `release` by one at a time.
class [[nodiscard]] held_lock {
public:
  /// Called once, at most, with the reason why the lock was lost. Not called when the
  /// lock is released. It runs on the client's background thread and delays all renewals,
  /// so it should be short. It may call any method of a `held_lock`, but must not destroy
  /// the client. What it throws is ignored.
  using lost_handler = std::function<void(const client::problem&)>;

  held_lock() noexcept;

  /// Takes over a grant that was obtained from the client's server.
  /// @param ttl the ttl of each renewal; none: the grant's `asked_ttl`, or else the
  ///        server's default.
  /// @pre the grant has no lease.
  held_lock(const rest_client& client, client::grant obtained, lost_handler on_lost = {},
            std::optional<std::chrono::milliseconds> ttl = {});

  held_lock(held_lock&&) noexcept;
  held_lock& operator=(held_lock&&) noexcept; ///< Releases what it held.
  ~held_lock();                               ///< Releases the lock, as `release` does.

  /// Whether the lock is ours now. Once false, it stays false.
  bool held() const noexcept;

  explicit operator bool() const noexcept {
    return held();
  }

  hold_state state() const noexcept;

  bool lost() const noexcept {
    return state() == hold_state::lost;
  }

  /// Why the lock was lost: `errc::expired` if it was not renewed in time, `not_holder`
  /// if the server has taken it away, `connection_lost` if the connection that it was
  /// bound to has ended. Empty unless `lost()`.
  client::problem loss() const;

  /// How long the lock is certainly ours, even if no renewal succeeds from now on; 0 if
  /// it is not held.
  std::chrono::nanoseconds remaining() const noexcept;

  /// The grant as it was obtained. Renewals do not change its times.
  /// @pre state() is not `none`.
  const client::grant& grant() const noexcept;

  /// The fencing token; 0 when there never was a lock.
  std::uint64_t token() const noexcept;

  /// Suspends the renewals. For work that is itself stopped and should not keep the lock
  /// from others for ever. The lock is lost when its time is over, unless `resume` comes
  /// first. A renewal that has begun may still succeed.
  void pause() noexcept;

  /// Starts the renewals again. A lost lock stays lost.
  void resume() noexcept;

  /// Ends the renewals, cancels one that is under way, and releases the lock. When this
  /// returns, no renewal and no `lost_handler` runs any more, unless the handler itself
  /// called it.
  ///
  /// If the answer is lost or the server cannot be reached, the release is repeated, by
  /// the token, for as long as the lock has time left, at most for the client's
  /// `answer_timeout` plus the time of one try. Returns a problem if the lock was not
  /// ours any more, or if all tries failed; in that case the lock ends when its time is
  /// over.
  client::answer<void> release() noexcept;

  /// As `release`, but the lock ends `ttl` from now, for work that must not be repeated
  /// too soon. After a problem the lock ends when its time is over. Refused with
  /// `std::errc::invalid_argument` if the lock is bound to its connection.
  client::answer<void> leave(std::chrono::milliseconds ttl) noexcept;

private:
  bool is_here() const noexcept;

  int process_ = 0; // the process that obtained it
  std::shared_ptr<blocking_core> core_;
  std::weak_ptr<lock_keeper> keeper_;
  std::shared_ptr<held_record> lock_;
};

/// Acquires `key` as `rest_client::acquire` does, and holds it. Options with a lease are
/// refused with `std::errc::invalid_argument`, because such a lock is renewed by its
/// lease.
client::answer<held_lock> hold(const rest_client& client, std::string_view key,
                               client::acquire_options options = {},
                               held_lock::lost_handler on_lost = {});

} // namespace lockserver
