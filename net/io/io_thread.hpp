// One thread that serves sockets and runs actors, turn by turn. Knows nothing
// of HTTP or locks.
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

/// An Asio thread that also is a worker for CAF. What happens in it comes in
/// turns: a turn is one event of a socket (or a timer, or work from another
/// thread), then the actors that this woke, then what was put off to the end
/// of the turn (writing answers). So a request that arrives is read, decided
/// and answered without leaving the thread, and answers that arise together
/// are written together.
///
/// Fair: a turn runs a bounded number of actors, each for a bounded number of
/// messages; what is left goes on after the sockets had their chance.
class io_thread final : public compat::worker {
public:
  using time_point = timer_node::time_point;

  /// Finds out which nodes are due: called with the lock held, so that what
  /// owns the node cannot die meanwhile; returns the actor to wake.
  using owner_of = caf::actor (*)(timer_node&);

  explicit io_thread(owner_of owner);
  ~io_thread() override;

  /// The thread that the caller runs on, or null.
  static io_thread* current() noexcept;

  boost::asio::io_context& context() noexcept {
    return context_;
  }

  /// Starts the thread, on which actors of `sys` will run.
  void launch(caf::actor_system& sys);

  /// Ends the thread after the event under way; returns the actors that it
  /// still had to run, each with a reference.
  std::vector<caf::resumable*> halt();

  /// Takes over an actor to run; on this thread in the present or next turn.
  /// Thread-safe.
  void add(caf::resumable* job) override;

  /// Until `release_wakes`, what the calling thread adds to others wakes each of
  /// them once, at the end. For one that has many answers to give: a thread that
  /// is woken by the first may run at once, and find but that one. Thread-safe.
  static void hold_wakes() noexcept;
  static void release_wakes();

  /// Encloses what a handler of a socket does: the turn ends with it.
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

  /// The time at which it was first asked for in this turn: good enough for
  /// what may come a turn late, and cheaper than to look each time. Locks do not
  /// go by it. Only from this thread, within a turn.
  time_point turn_time() noexcept {
    if (turn_time_ == time_point{})
      turn_time_ = std::chrono::steady_clock::now();
    return turn_time_;
  }

  /// What can be put off to the end of a turn.
  class task {
  public:
    virtual void end_turn() = 0;

  protected:
    ~task() = default;
  };

  /// Calls `x->end_turn()` after the actors of this turn have run. Only from
  /// this thread, within a turn.
  void at_end_of_turn(std::shared_ptr<task> x) {
    put_off_.push_back(std::move(x));
  }

  /// A buffer for one read, shared by all connections of the thread: its
  /// content is only valid within the event that filled it.
  std::array<char, 64 * 1024>& read_buffer() noexcept {
    return *read_buffer_;
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

  // Only this thread:
  job_queue ready_;
  std::vector<std::shared_ptr<task>> put_off_;
  bool in_turn_ = false;
  bool turn_posted_ = false;
  time_point turn_time_{};

  // Any thread, under the mutex:
  std::mutex inbox_mutex_;
  job_queue inbox_;
  bool turn_for_inbox_ = false; // one is under way, or will be

  std::mutex timers_mutex_;
  timer_queue timers_;
  time_point armed_for_ = time_point::max();
  boost::asio::steady_timer alarm_; // only this thread
};

} // namespace lockserver
