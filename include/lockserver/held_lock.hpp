// A lock that is renewed in the background for as long as it is wanted, and
// that says when it is lost.
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
  none,     ///< Made without a lock, moved from, or of the process that forked this one.
  held,     ///< Ours.
  lost,     ///< Was ours until it could not be renewed, or was taken away.
  released, ///< Given back.
};

/// Holds a grant of the JSON dialect: renews it each third of its time, and
/// gives it back when destroyed.
///
/// When it is lost. The lock counts as held until `grant::safe_until`: the time
/// before the acquire, or the last renewal that worked, was sent, plus the ttl,
/// less a margin of a hundredth of it (at least 2 ms). The server gives it to
/// nobody else before that, whatever becomes of the connection, unless an operator
/// forces it or the server itself is restarted and forgets it; the next renewal
/// finds that out. `held()` looks
/// at the clock each time that it is called, and the clock (`boot_clock`) goes
/// on while the process or the machine is suspended. So a process that was
/// stopped for too long gets false from its first `held()`, whether or not
/// anything else of it has run since. Between a `held()` that is true and what
/// is done next the process may still be stopped: only a resource that refuses
/// old `token()`s is safe from that.
///
/// A lock with `lock_hold::connection` is renewed on its connection, at least every 15
/// seconds so that the server does not take it for idle, and is lost as soon as that
/// ends: `held()` looks there, too. Only a connection that has ended for the server
/// and not yet for us (a firewall forgot it) lets both disagree, until the next renewal.
///
/// All locks of a client share one background thread, which starts with the
/// first of them. When the client is destroyed, its renewals end; its locks are
/// still held until their time is over, and can still be released.
///
/// A lock belongs to the process that obtained it. In one that was forked from it
/// the state is `none`: it neither renews nor releases there.
///
/// Movable, not copyable. `held`, `state`, `loss`, `remaining`, `token`, `pause`
/// and `resume` may be called from any thread; moving and `release` by one at a time.
class [[nodiscard]] held_lock {
public:
  /// Told once, at most, why the lock was lost; not when it is released. Called
  /// on the client's background thread, as soon as that runs: all renewals wait
  /// meanwhile, so it should be short. It may call any method of a `held_lock`
  /// but must not destroy the client. What it throws is ignored.
  using lost_handler = std::function<void(const client::problem&)>;

  held_lock() noexcept;

  /// Takes over a grant that was obtained in any way from the client's server.
  /// @param ttl how long each renewal asks for; none: the grant's `asked_ttl`, and
  ///        without that as long as the server grants by default.
  /// @pre the grant does not live with a lease.
  held_lock(const rest_client& client, client::grant obtained, lost_handler on_lost = {},
            std::optional<std::chrono::milliseconds> ttl = {});

  held_lock(held_lock&&) noexcept;
  held_lock& operator=(held_lock&&) noexcept; ///< Releases what it held.
  ~held_lock();                               ///< Releases, as `release`.

  /// Whether the lock is ours now. Once false, it stays false.
  bool held() const noexcept;

  explicit operator bool() const noexcept {
    return held();
  }

  hold_state state() const noexcept;

  bool lost() const noexcept {
    return state() == hold_state::lost;
  }

  /// Why it was lost: `errc::expired` when it was not renewed in time, `not_holder`
  /// when the server has taken it away, `connection_lost` when the connection that it
  /// was bound to has ended. Empty unless `lost()`.
  client::problem loss() const;

  /// For how long it is ours for sure, even if no renewal works from now on; 0
  /// when it is not held.
  std::chrono::nanoseconds remaining() const noexcept;

  /// As it was obtained; its times are not those of the renewals.
  /// @pre state() is not `none`.
  const client::grant& grant() const noexcept;

  /// The fencing token; 0 when there never was a lock.
  std::uint64_t token() const noexcept;

  /// Suspends the renewals, for work that is itself stopped and should not keep
  /// the lock from others for ever: it is lost when its time is over, unless
  /// `resume` comes first. A renewal that is under way may still work.
  void pause() noexcept;

  /// Renews again, from soon on. What is lost stays lost.
  void resume() noexcept;

  /// Ends the renewals, breaking off one that is under way, and gives the lock
  /// back. When this returns, no renewal and no `lost_handler` runs any more
  /// (unless called from the latter). Asked again, by the token, when the answer is
  /// lost or the server cannot be reached, for as long as the lock has left, at
  /// most for the client's `answer_timeout` (and then for the time that one try
  /// takes). A problem when it was not ours any more, or when all of that did not
  /// help: then the lock ends by its time.
  client::answer<void> release() noexcept;

  /// As `release`, but the lock ends by itself `ttl` from now, for work that is not
  /// to be done again too soon. A problem leaves the lock to end by its time. Refused
  /// with `std::errc::invalid_argument` when the lock is bound to its connection.
  client::answer<void> leave(std::chrono::milliseconds ttl) noexcept;

private:
  bool is_here() const noexcept;

  int process_ = 0; // that obtained it
  std::shared_ptr<blocking_core> core_;
  std::weak_ptr<lock_keeper> keeper_;
  std::shared_ptr<held_record> lock_;
};

/// Acquires `key` as `rest_client::acquire`, and holds it. With a lease it is
/// refused with `std::errc::invalid_argument`: what lives with a lease is
/// renewed with it.
client::answer<held_lock> hold(const rest_client& client, std::string_view key,
                               client::acquire_options options = {},
                               held_lock::lost_handler on_lost = {});

} // namespace lockserver
