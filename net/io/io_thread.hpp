// One thread that serves sockets and runs actors, turn by turn. Knows neither HTTP nor
// locks.
#pragma once

#include "actors/compat/hosting.hpp"
#include "actors/timers/timers.hpp"
#include "net/io/job_queue.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace lockserver {

/// An Asio thread that is also a worker for CAF. Its work is divided into turns. A turn
/// is one event (of a socket, a timer or another thread), then the actors that it woke,
/// then the tasks that were deferred to the end of the turn (writing answers). So a
/// request is read, decided and answered without leaving the thread, and the answers of
/// one turn are written together.
///
/// A turn is fair: it runs a limited number of actors, each for a limited number of
/// messages. The rest continues after the sockets had their chance.
class io_thread final : public compat::worker {
public:
  using time_point = timer_node::time_point;

  /// Returns the actor to wake for a node that is due. Called with the lock held, so that
  /// the owner of the node cannot be destroyed meanwhile.
  using owner_of = caf::actor (*)(timer_node&);

  explicit io_thread(owner_of owner);
  ~io_thread() override;

  /// The I/O thread that the caller runs on, or null.
  static io_thread* current() noexcept;

  boost::asio::io_context& context() noexcept {
    return context_;
  }

  /// Starts the thread, which will run actors of `sys`.
  void launch(caf::actor_system& sys);

  /// Ends the thread after the present event. Returns the actors that were still to run,
  /// each with a reference.
  std::vector<caf::resumable*> halt();

  /// Adds an actor, which runs in the present or the next turn. Thread-safe.
  void add(caf::resumable* job) override;

  /// From now until `release_wakes`, the calling thread wakes each other thread only
  /// once, at the end. For senders of many answers: a thread that is woken by the first
  /// might run at once and find only that one. Thread-safe.
  static void hold_wakes() noexcept;
  static void release_wakes();

  /// Encloses the handler of a socket's event. The turn ends with it.
  class turn {
  public:
    explicit turn(io_thread& host) noexcept : host_(host), outer_(!host.in_turn_) {
      host_.in_turn_ = true;
    }
    ~turn() {
      if (outer_)
        host_.finish_turn();
    }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;

  private:
    io_thread& host_;
    bool outer_;
  };

  /// The time at which it was first asked for in this turn. It is good enough for
  /// deadlines that may be a turn late, and cheaper than reading the clock each time.
  /// Locks do not use it. Only for this thread, within a turn.
  time_point turn_time() noexcept {
    if (turn_time_ == time_point{})
      turn_time_ = std::chrono::steady_clock::now();
    return turn_time_;
  }

  /// Work that can be deferred to the end of a turn.
  class task {
  public:
    virtual void end_turn() = 0;

  protected:
    ~task() = default;
  };

  /// Calls `x->end_turn()` after the actors of this turn have run. Only for this thread,
  /// within a turn.
  void at_end_of_turn(std::shared_ptr<task> x) {
    put_off_.push_back(std::move(x));
  }

  /// A buffer for one read, shared by all connections of the thread. Its content is valid
  /// only within the event that filled it.
  std::array<char, 64 * 1024>& read_buffer() noexcept {
    return *read_buffer_;
  }

  /// Another such buffer, for what is made of the first.
  std::array<char, 64 * 1024>& second_buffer() {
    if (!second_buffer_)
      second_buffer_ = std::make_unique<std::array<char, 64 * 1024>>();
    return *second_buffer_;
  }

  /// See `timers::set` and `timers::clear`. Thread-safe.
  void set_timer(timer_node& x, time_point due);
  void clear_timer(timer_node& x) noexcept;

private:
  void finish_turn() noexcept;
  void run_turn();
  void post_turn();
  void try_to_post_turn() noexcept;
  void post_inbox();
  void take_inbox();
  void arm();
  void disarm() noexcept;
  void on_timer();
  bool fire_next(time_point now);

  const owner_of owner_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
  std::unique_ptr<std::array<char, 64 * 1024>> read_buffer_;
  std::unique_ptr<std::array<char, 64 * 1024>> second_buffer_; // only if it is used

  // Used by this thread only:
  job_queue ready_;
  std::vector<std::shared_ptr<task>> put_off_;
  bool in_turn_ = false;
  bool turn_posted_ = false;
  time_point turn_time_{};

  // Used by any thread, guarded by the mutex:
  std::mutex inbox_mutex_;
  job_queue inbox_;
  bool turn_for_inbox_ = false; // a turn for the inbox is under way or scheduled

  std::mutex timers_mutex_;
  timer_queue timers_;
  time_point armed_for_ = time_point::max();
  boost::asio::steady_timer alarm_; // used by this thread only
};

} // namespace lockserver
