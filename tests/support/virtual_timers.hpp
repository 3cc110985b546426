// Timers in virtual time: time passes only when a test says so.
#pragma once

#include "actors/timers/timers.hpp"

#include <chrono>
#include <cstddef>

namespace lockserver::test {

/// Has wake-ups in a `timer_queue`, and a clock that only tests move. Counts the calls.
/// For one thread.
class virtual_timers final : public timers {
public:
  using duration = std::chrono::steady_clock::duration;

  /// The wall clock at the start: 2016-11-13 01:20:00 UTC.
  static constexpr auto wall_start = std::chrono::seconds{1'479'000'000};

  // -- timers -----------------------------------------------------------------

  time_point now() const noexcept override {
    return now_;
  }
  std::chrono::system_clock::time_point wall_now() const noexcept override {
    using wall = std::chrono::system_clock;
    return wall::time_point{std::chrono::duration_cast<wall::duration>(wall_)};
  }
  boot_clock::time_point boot_now() const noexcept override {
    return boot_clock::time_point{now_.time_since_epoch() + suspended_};
  }
  void set(wake_up& x, time_point due) override {
    place(x) = this;
    ++sets_;
    queue_.set(node(x), due);
  }
  void clear(wake_up& x) noexcept override {
    queue_.clear(node(x));
  }

  // -- for tests --------------------------------------------------------------

  /// Lets time pass, but fires no wake-up.
  void pass(duration by) {
    now_ += by;
    wall_ += by;
  }

  /// The machine is suspended for a while: the monotonic clock stands still.
  void suspend(duration by) {
    suspended_ += by;
    wall_ += by;
  }

  /// Moves the wall clock forward or back. The monotonic clock does not change.
  void set_wall_clock(duration by) {
    wall_ += by;
  }

  /// When the next wake-up is due.
  std::optional<time_point> next_due() const {
    return queue_.next_due();
  }

  /// Sends `deadline_reached` to the owner of the first wake-up that is due.
  /// Returns whether there was one.
  bool fire() {
    auto* x = queue_.pop_due(now_);
    if (x == nullptr)
      return false;
    if (auto actor = owner(*x))
      compat::anon_send(actor, deadline_reached{});
    return true;
  }

  /// How often a wake-up has been set or moved.
  std::size_t sets() const noexcept {
    return sets_;
  }

  /// Whether no wake-up is set.
  bool empty() const noexcept {
    return queue_.empty();
  }

private:
  timer_queue queue_;
  time_point now_{std::chrono::hours{1}};
  duration wall_ = wall_start;
  duration suspended_{};
  std::size_t sets_ = 0;
};

} // namespace lockserver::test
