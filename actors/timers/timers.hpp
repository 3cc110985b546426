// The clock, and wake-ups for actors. An implementation of `timers` owns every timer of
// the server: the I/O threads (net/io/io_thread.hpp), or virtual time in tests.
#pragma once

#include "actors/rules/timer_queue.hpp"
#include "lockserver/boot_clock.hpp"
#include "lockserver/detail/wire_types.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>

#include <chrono>

namespace lockserver {

class timers;

/// One actor's wake-up, embedded in the actor. It sends the actor `deadline_reached`, not
/// before the set time. Cleared when destroyed.
///
/// Made for deadlines that mostly move later or vanish. A request for a later time leaves
/// the earlier one in place. So a busy lock sets its timer once per expiry, not once per
/// request. Therefore the actor must check what is due when it is woken, and set the
/// wake-up again.
class wake_up : private timer_node {
public:
  using time_point = timer_node::time_point;

  /// @param owner the actor that has this wake-up; not kept alive by it.
  wake_up(timers& service, caf::abstract_actor* owner);
  ~wake_up();

  /// Wakes the actor at `due` or earlier.
  void no_later_than(time_point due);

  /// Call it when `deadline_reached` has arrived: no wake-up is set any more.
  void arrived() noexcept {
    set_for_ = not_set;
  }

  /// Cancels the wake-up. A `deadline_reached` may already be under way.
  void clear() noexcept;

private:
  friend class timers;
  static constexpr auto not_set = time_point::max();
  timers* service_;
  caf::weak_actor_ptr owner_;
  // The time that was set. Not `due()`, which belongs to the service's thread.
  time_point set_for_ = not_set;
  // Used by the service to find this wake-up.
  void* place_ = nullptr;
};

/// Tells the time and owns the timers. Thread-safe.
class timers {
public:
  using time_point = wake_up::time_point;

  virtual ~timers() = default;

  /// The monotonic clock, which all rules use.
  virtual time_point now() const noexcept = 0;

  /// The wall clock, for answers only.
  virtual std::chrono::system_clock::time_point wall_now() const noexcept = 0;

  /// The clock that goes on while the machine is suspended: how long an answer may be
  /// given without asking the store goes by it.
  virtual boot_clock::time_point boot_now() const noexcept {
    return boot_clock::now();
  }

  /// Sets or moves `x` to `due`. Called through `wake_up`.
  virtual void set(wake_up& x, time_point due) = 0;

  /// Clears `x`, which may be destroyed afterwards. Called through `wake_up`.
  virtual void clear(wake_up& x) noexcept = 0;

protected:
  /// The part of a wake-up that an implementation may access.
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
  if (set_for_ <= due)
    return;
  set_for_ = due;
  service_->set(*this, due);
}

inline void wake_up::clear() noexcept {
  if (place_ != nullptr)
    service_->clear(*this);
  set_for_ = not_set;
}

} // namespace lockserver
