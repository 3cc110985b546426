// The journal actor: makes durable what keys and leases decide, many decisions
// at a time. Decides nothing about locks; knows no SQLite.
#pragma once

#include "actors/actors.hpp"
#include "actors/environment.hpp"
#include "actors/guarded.hpp"
#include "actors/registries.hpp"
#include "actors/rules/seeded_hash.hpp"
#include "store/store.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

namespace lockserver {

/// Decide in memory, acknowledge on disk. A key decides at once and goes on; instead
/// of answering it lets the journal answer, and sends it with the answer what has changed
/// (`durable`), or that alone if there is nobody to answer (`lock_entry`). The journal
/// commits all that has come in while the last commit was under way, or a little longer if
/// the store asks for that (`store::gather`), then gives those answers. It is spawned
/// detached: the disk has a thread of its own.
///
/// **Why no death of the process at any point breaks a promise.** All decisions
/// of one server go through one mailbox, in an order in which each comes behind
/// those that it depends on: a grant behind the release that made it possible,
/// both being decisions of one key, which sends its decision before anything else that
/// comes of it. What is on disk is always the first n commits of this order. So
/// - a grant on disk has all before it on disk: no two holders;
/// - an answer that left has all that it tells of on disk, since that came before it or in
///   the same message, which is stored before it is answered: nothing acknowledged
///   is forgotten, and nothing that was shown to anyone turns out not to be. This
///   includes refusals and looks at a key: they come by way of the journal, too,
///   while the key has something under way (`settled_mark`);
/// - what was decided and is not on disk, nobody knows of.
///
/// **Why nothing is told that another server has changed.** Where several servers may write
/// to one store, a commit is stored only if no other has written since the one before.
/// So what an answer tells was true when it was asked for, if it leaves after a commit that
/// was begun later, or was found to be so before `store::answers_until`. Whoever
/// is to answer later than that sends the answer here (`lock_environment::may_tell`): it
/// leaves with the next commit, or the journal asks the store (`store::keep`) when there is
/// nothing to commit.
///
/// **When the store fails**, every request of the commit that wanted a change is
/// refused (`store_failed`), and each of its keys is told from which change on it
/// has to undo what it did (`roll_back_key`). Until the key says that it has, whatever
/// else it sends is refused as well, since it builds on what never was. Then,
/// until the disk is well again, keys refuse changes at once, and who waits is
/// refused. What ends by itself (its time, its lease, its client is over) stays
/// ended: the journal notes its token, and tells the store before anything else.
///
/// What nobody may tell meanwhile waits until the store is well.
///
/// **When the store is lost**, another server has it, and what has become of the last
/// commit is its business: nothing is confirmed any more, and all that asks for it is
/// refused, until this actor ends.
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
                            parked<durable_look, lock_info>, parked<durable_names, key_names>>;

  // What a round has for the store.
  class contents;

  template <class Reply, class Message>
  caf::result<Reply> park(Message& x);
  static bool has_entry(const item& x);
  void add(item&& x);
  void begin_round();
  void commit();
  void send_commit();
  void commit_some();
  commit_result write(const std::vector<item>& round);
  commit_result write_all(const std::vector<item>& round);
  void note(const commit_result& x);
  void answer(std::vector<item>& round);
  void give_up();
  void on_failure(const std::string& problem);
  void on_loss(const std::string& problem);
  void refuse_all_waiters();
  void on_alarm();
  void keep();
  void try_again();
  void set_alarm();

  // What becomes of an item when its round is stored, or is not.
  void confirm(lock_entry& x);
  void confirm(leases_expired&) {
  }
  void confirm(key_rolled_back&) {
  }
  void confirm(parked<lease_entry, bool>& x);
  template <class Reply>
  void confirm(parked_answer<Reply>& x);
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
  void refuse(parked<durable_names, key_names>& x);
  template <class Message, class Reply>
  void tell(parked<Message, Reply>& x);

  store& store_;
  std::shared_ptr<const registries> keys_;
  lock_environment& env_;
  wake_up wake_up_;
  std::vector<item> round_; // in the order of its arrival
  bool commit_sent_ = false;
  std::size_t in_round_ = 0;   // items since the last `commit_now`
  std::size_t last_round_ = 0; // and in the round before
  bool failed_now_ = false;    // in the round that is being answered
  // When it ends: until then the round waits for more. `commit_now` is not sent yet.
  std::optional<time_point> gathers_until_;
  time_point alarm_ = time_point::max(); // when the store is to be looked after
  bool commit_waits_ = true;             // the last one did, for a disk or the network
  bool over_ = false; // nothing is confirmed any more: it is lost, or this actor ends

  // While the store fails:
  std::unordered_set<std::string, seeded_hash> rolling_back_; // keys that have not said so yet
  std::vector<std::uint64_t> owed_grants_;                    // ended, but still stored
  std::vector<std::uint64_t> owed_leases_;
  std::vector<item> untold_; // answers that nobody may give now
};

} // namespace lockserver
