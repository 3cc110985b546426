// The key actor: carries messages to the rules of one lock, and what the rules
// decide back to those who wait. Knows no HTTP, and no store but the journal.
#pragma once

#include "actors/actors.hpp"
#include "actors/environment.hpp"
#include "actors/guarded.hpp"
#include "actors/rules/answer_room.hpp"
#include "actors/rules/lock_queue.hpp"

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lockserver {

class key final : public key_actor::base {
public:
  /// @param registry who spawns it, and is told when it is idle.
  key(caf::actor_config& cfg, counted_key counted, registry_actor registry,
      const registry_share& share, lock_environment& env, std::string name);

  key_actor::behavior_type make_behavior() override;

  const char* name() const override {
    return "key";
  }

  void on_exit() override;

  /// See `guarded`.
  void on_exception() noexcept;

private:
  // Waiters told in one turn: more have theirs behind the messages of others.
  static constexpr std::size_t answers_per_turn = 64;

  struct parked {
    caf::typed_response_promise<acquire_reply> promise;
    time_point since;
    bool explain;
    bool takes_connection;
  };

  // What one who waits is still to be told.
  struct verdict {
    ticket_id ticket;
    errc status; ///< Of the answer.
    std::string owner;
    std::uint64_t token; ///< If granted.
  };

  // One operation on the lock, from its beginning to `settle_up`, which its end
  // makes up for when an exception has come between.
  class operation {
  public:
    // With `refusable` it is answered, so that it can be refused.
    operation(key& self, time_point now, bool refusable = false);
    ~operation();
    operation(const operation&) = delete;
    operation& operator=(const operation&) = delete;

    const time_point now;
    const bool refusable;
    lock_changes changes{};

    // What `settle_up` has done so far.
    std::size_t listeners = 0; // that have heard of `changes`
    std::size_t answered = 0;  // of `changes`
    bool settled = false;
    lock_changes* keep = nullptr; // where `changes` go in the end

  private:
    key& self_;
  };

  // What an operation has changed, as long as the journal may refuse to store it.
  struct unsettled {
    std::uint64_t number;
    settled_mark mark;
    bool final;
    lock_changes changes{};
  };

  caf::result<acquire_reply> acquire(acquire_request& x);
  caf::result<acquire_reply> renew(const renew_request& x);
  caf::result<release_reply> release(const release_request& x);
  caf::result<bool> check(const check_request& x);
  caf::result<lock_info> inspect(const inspect_request& x);
  void withdraw(const withdraw_request& x, time_point now);
  void expire();
  void heard(const lease_ended& x);
  void heard(restore_key& x);
  void heard(const roll_back_key& x);
  void heard(const refuse_waiters& x);

  time_point begin_request();

  errc why_not_holder(std::string_view name, std::uint64_t token) const noexcept;
  acquire_reply granted(time_point now, const grant& x) const;
  acquire_reply refused(time_point now, errc status, bool explain) const;
  std::vector<holder_info> holders(time_point now, std::size_t most, answer_room room) const;
  void settle_up(operation& x);
  template <class Reply>
  caf::result<Reply> conclude(operation& x, Reply reply);
  void tell_journal(operation& x);
  template <class F>
  bool tell_journal(operation& x, F send);
  void tell_leases(operation& x);
  void tell_counts(operation& x);
  void tell_log(operation& x);
  void tell_grants(operation& x);
  void answer_waiters(operation& x);
  void count_holders();
  void keep_up(time_point now);
  unsettled& remember(operation& x);
  void settle_by_another_round();
  void remember_withdrawn(const withdraw_request& x);
  bool settled() const noexcept {
    return mark_.settled(env_.stored);
  }
  bool may_tell() const noexcept {
    return settled() && env_.may_tell();
  }
  template <class Request, class Reply>
  caf::result<Reply> answer(const Request& x, Reply reply);
  void deliver(parked& to, acquire_reply x);
  parked& park(const acquire_request& x, time_point since);
  parked* find_parked(ticket_id ticket) noexcept;
  void unpark(ticket_id ticket) noexcept;
  void cancel(ticket_id ticket) noexcept;
  void refuse(time_point now, ticket_id ticket, errc status);
  void refuse_waiting(errc status);
  void tell_some(time_point now, std::size_t most = answers_per_turn);
  void tell(time_point now, const verdict& x);

  static double seconds(duration x); // for the log

  // A key and its control block fit into the 1,280 bytes that jemalloc has for them with
  // CAF 0.17; the next size has 1,536. The benchmark held-keys shows it.
  counted_key counted_; // the first: destroyed when nothing needs the environment any more
  registry_actor registry_;
  const registry_share& share_;
  lock_environment& env_;
  std::string name_;
  lock_queue lock_;
  wake_up wake_up_;
  // Apart from the actor, because most keys never have a waiter.
  std::unique_ptr<std::unordered_map<ticket_id, parked>> waiting_;
  // Decided, but not told yet: null if there is none.
  std::unique_ptr<std::deque<verdict>> untold_;
  time_point last_used_;
  settled_mark mark_; // of what the journal has been told
  // What is not settled yet, in the order in which it happened; null if all is.
  std::unique_ptr<std::list<unsettled>> unsettled_;
  // Requests whose clients have gone, until no roll-back can bring their grants back
  // any more: what was withdrawn, and when that is.
  std::unique_ptr<std::deque<std::pair<withdraw_request, settled_mark>>> withdrawn_;
  std::uint32_t served_ = 0;  // requests; wraps, as the registry's count does
  std::uint32_t holders_ = 0; // as in `lock_counts`
  bool told_to_end_ = false;
};

} // namespace lockserver
