// The clock, and wake-ups for actors. Whoever implements `timers` owns every
// timer of the server: the I/O threads do (net/io/io_thread.hpp), and virtual
// time in tests.
#pragma once

#include "actors/rules/timer_queue.hpp"
#include "lockserver/detail/wire_types.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>

#include <chrono>
#include <optional>

namespace lockserver {

class timers;

/// One actor's wake-up, embedded in the actor. Sends it `deadline_reached` no
/// earlier than it was set for. Cleared when destroyed.
///
/// Made for deadlines that mostly move later or vanish: asking for a later one
/// leaves the earlier in place, so a busy lock touches its timer once per
/// expiry and not once per request. The actor must therefore look what is due
/// when it is woken, and ask again.
class wake_up : private timer_node {
public:
  using time_point = timer_node::time_point;

  /// @param owner the actor that has this wake-up; not kept alive by it.
  wake_up(timers& service, caf::abstract_actor* owner);
  ~wake_up();

  /// Wakes the actor at `due` or earlier.
  void no_later_than(time_point due);

  /// To be called when `deadline_reached` has arrived: none is set any more.
  void arrived() noexcept {
    set_for_.reset();
  }

  /// Forgets the wake-up. A `deadline_reached` may already be on its way.
  void clear() noexcept;

private:
  friend class timers;
  timers* service_;
  caf::weak_actor_ptr owner_;
  // When it was set for. Not `due()`, which belongs to the service's thread.
  std::optional<time_point> set_for_;
  // The service's note where it keeps this one.
  void* place_ = nullptr;
};

/// Tells the time and owns the timers. Thread-safe.
class timers {
public:
  using time_point = wake_up::time_point;

  virtual ~timers() = default;

  /// The monotonic clock: what all rules go by.
  virtual time_point now() const noexcept = 0;

  /// The wall clock, for answers only.
  virtual std::chrono::system_clock::time_point wall_now() const noexcept = 0;

  /// Sets `x` to be due then, or moves it. Called through `wake_up`.
  virtual void set(wake_up& x, time_point due) = 0;

  /// Unsets `x`; it may be destroyed afterwards. Called through `wake_up`.
  virtual void clear(wake_up& x) noexcept = 0;

protected:
  /// What an implementation may see of a wake-up.
  static timer_node& node(wake_up& x) noexcept {
    return x;
  }
  static void*& place(wake_up& x) noexcept {
    return x.place_;
  }
  /// The actor to send `deadline_reached` to, or null if it is gone.
  /// @param x a node that a queue returned as due.
  static caf::actor owner(timer_node& x) {
    auto strong = caf::actor_cast<caf::strong_actor_ptr>(static_cast<wake_up&>(x).owner_);
    return caf::actor_cast<caf::actor>(strong);
  }
};

inline wake_up::wake_up(timers& service, caf::abstract_actor* owner)
  : service_(&service), owner_(owner->ctrl()) {
}

inline wake_up::~wake_up() {
  clear();
}

inline void wake_up::no_later_than(time_point due) {
  if (set_for_ && *set_for_ <= due)
    return;
  set_for_ = due;
  service_->set(*this, due);
}

inline void wake_up::clear() noexcept {
  if (place_ != nullptr)
    service_->clear(*this);
  set_for_.reset();
}

} // namespace lockserver
