// The journal actor: makes durable what keys and leases decide, many decisions
// at a time. Decides nothing about locks; knows no SQLite.
#pragma once

#include "actors/actors.hpp"
#include "actors/environment.hpp"
#include "actors/guarded.hpp"
#include "actors/registries.hpp"
#include "actors/rules/seeded_hash.hpp"
#include "store/store.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

namespace lockserver {

/// Decide in memory, acknowledge on disk. A key decides at once and goes on; it
/// sends the journal what has changed (`lock_entry`), and instead of answering
/// it lets the journal answer. The journal commits all that has come in while
/// the last commit was under way, then gives those answers. It is spawned
/// detached: the disk has a thread of its own.
///
/// **Why no death of the process at any point breaks a promise.** All decisions
/// of one server go through one mailbox, in an order in which each comes behind
/// those that it depends on: a grant behind the release that made it possible,
/// both being decisions of one key. What is on disk is always the first n
/// commits of this order. So
/// - a grant on disk has all before it on disk: no two holders;
/// - an answer that left has all that it tells of on disk: nothing acknowledged
///   is forgotten, and nothing that was shown to anyone turns out not to be. This
///   includes refusals and looks at a key: they come by way of the journal, too,
///   while the key has something under way (`settled_mark`);
/// - what was decided and is not on disk, nobody knows of.
///
/// **When the store fails**, every request of the commit that wanted a change is
/// refused (`store_failed`), and each of its keys is told from which change on it
/// has to undo what it did (`roll_back_key`). Until the key says that it has, whatever
/// else it sends is refused as well, since it builds on what never was. Then,
/// until the disk is well again, keys refuse changes at once, and who waits is
/// refused. What ends by itself (its time, its lease, its client is over) stays
/// ended: the journal notes its token, and tells the store before anything else.
///
/// **What LEASES knows is what is stored.** The journal tells it of a lease's grant
/// that has ended, behind the answer by which it has heard of that grant.
class journal final : public journal_actor::base {
public:
  /// @param kept outlives this actor. Used by its thread alone, but for `load`.
  /// @param keys given up when this actor ends.
  journal(caf::actor_config& cfg, store& kept, std::shared_ptr<const registries> keys,
          lock_environment& env);

  journal_actor::behavior_type make_behavior() override;

  const char* name() const override {
    return "journal";
  }

  void on_exit() override;

  /// See `guarded`.
  void on_exception() noexcept;

private:
  // Who waits for an answer.
  template <class Message, class Reply>
  struct parked {
    Message what;
    caf::typed_response_promise<Reply> promise;
  };
  template <class Reply>
  using parked_answer = parked<durable<Reply>, Reply>;
  using item = std::variant<lock_entry, leases_expired, key_rolled_back, parked<lease_entry, bool>,
                            parked_answer<acquire_reply>, parked_answer<release_reply>,
                            parked_answer<lease_reply>, parked<durable_check, bool>,
                            parked<durable_look, lock_info>>;

  template <class Reply, class Message>
  caf::result<Reply> park(Message& x);
  void add(item&& x);
  void commit();
  void send_commit();
  void commit_some();
  std::string write(const std::vector<item>& round);
  std::string write_all(const std::vector<item>& round);
  void answer(std::vector<item>& round);
  void on_failure(const std::string& problem);
  void try_again();
  void set_alarm();

  // What becomes of an item when its round is stored, or is not.
  void confirm(lock_entry& x);
  void confirm(leases_expired&) {
  }
  void confirm(key_rolled_back&) {
  }
  void confirm(parked<lease_entry, bool>& x);
  template <class Message, class Reply>
  void confirm(parked<Message, Reply>& x);
  void refuse(lock_entry& x);
  void tell_leases(const lock_entry& x);
  void refuse(leases_expired& x);
  void refuse(key_rolled_back& x);
  void refuse(parked<lease_entry, bool>& x);
  template <class Reply>
  void refuse(parked_answer<Reply>& x);
  template <class Message, class Reply>
  void refuse(parked<Message, Reply>& x);

  store& store_;
  std::shared_ptr<const registries> keys_;
  lock_environment& env_;
  wake_up wake_up_;
  std::vector<item> round_; // in the order of its arrival
  bool commit_sent_ = false;
  bool any_in_round_ = false; // since the last `commit_now`
  bool failed_now_ = false;   // in the round that is being answered

  // While the store fails:
  std::unordered_set<std::string, seeded_hash> rolling_back_; // keys that have not said so yet
  std::vector<std::uint64_t> owed_grants_;                    // ended, but still stored
  std::vector<std::uint64_t> owed_leases_;
};

} // namespace lockserver
