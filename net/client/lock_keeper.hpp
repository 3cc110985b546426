// Renews the held locks of one client in the background. One thread serves all of them,
// and no renewal waits for another.
#pragma once

#include "actors/rules/kept_lock.hpp"
#include "lockserver/boot_clock.hpp"
#include "lockserver/held_lock.hpp"
#include "net/client/async_core.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

namespace lockserver {

/// The state of a lock that a `held_lock` and the keeper share. Thread-safe.
class held_record {
public:
  held_record(client::grant obtained, std::optional<std::chrono::milliseconds> ttl,
              held_lock::lost_handler on_lost);

  const client::grant obtained;
  /// What each renewal asks for; none: the server's default.
  const std::optional<std::chrono::milliseconds> ttl;
  std::atomic<bool> paused = false; ///< Not renewed for now.

  /// The present state. A lock whose time is over becomes lost here.
  hold_state state();
  boot_clock::time_point safe_until();
  boot_clock::time_point renew_at();
  std::chrono::nanoseconds renewal_period();
  client::problem loss();

  /// Notes a renewal. Returns false, and changes nothing, unless the lock is held.
  bool extend(const client::grant& renewed);

  /// Notes that a renewal failed. The next one may succeed.
  void note(const client::problem& x);

  /// Delays the next renewal, because renewals are paused.
  void put_off();

  /// Makes the lock lost, if it is held. The first call for a lost lock calls the
  /// handler.
  void lose(client::problem why);

  /// Makes a held lock released. Returns the state before.
  hold_state give_up();

private:
  hold_state state_now(); // with mutex_

  std::mutex mutex_;
  hold_state state_ = hold_state::held;
  bool told_ = false;
  kept_lock<boot_clock::time_point> times_;
  client::problem loss_;
  held_lock::lost_handler on_lost_;
};

class lock_keeper {
public:
  explicit lock_keeper(const client_target& target);
  lock_keeper(const lock_keeper&) = delete;
  lock_keeper& operator=(const lock_keeper&) = delete;
  ~lock_keeper();

  /// Renews the lock until it is lost or given up.
  void keep(std::shared_ptr<held_record> lock);

  /// Ends the renewals of a lock that was given up. Returns when no renewal is under way
  /// any more, or at once if called on the keeper's own thread.
  void forget(const std::shared_ptr<held_record>& lock);

  /// Ends all renewals and the thread.
  void stop();

private:
  struct entry;

  void serve();
  void start(const std::shared_ptr<held_record>& lock);
  void begin(std::shared_ptr<held_record> lock);
  void watch(const std::shared_ptr<entry>& x);
  void listen(const std::shared_ptr<entry>& x);
  void finish(entry& x);
  boost::asio::awaitable<void> renew(std::shared_ptr<entry> x);
  boost::asio::awaitable<client::answer<client::grant>> renew_once(std::shared_ptr<entry> x);
  bool goes_on(const std::shared_ptr<entry>& x, const std::string& why = {});
  boost::asio::awaitable<void> break_silence(std::shared_ptr<entry> x);
  effort::clock::time_point deadline_of(held_record& lock) const;

  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::shared_ptr<async_core> core_;
  std::map<const held_record*, std::shared_ptr<entry>> entries_; // used on the keeper's thread only
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by the mutex; locks whose renewals have not ended.
  std::set<const held_record*> pending_;
  bool stopped_ = false;
  std::thread thread_;
};

} // namespace lockserver
