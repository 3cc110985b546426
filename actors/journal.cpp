#include "actors/journal.hpp"

#include <spdlog/logger.h>

#include <sched.h>

#include <type_traits>

namespace lockserver {

namespace {

// Between two tries of a store that fails: soon enough for people, and seldom
// enough not to be a load on a disk that is full.
constexpr auto retry_pause = std::chrono::milliseconds{250};

// Items that are stored and answered in one go, at most: the disk takes some
// milliseconds for them, and whoever runs the sessions gets no more answers at once.
constexpr std::size_t most_in_a_round = 1024;

// Between two looks at the wall clock: what it is set by before a power cut may
// go unnoticed for so long, see `elapsed`.
constexpr auto clock_pause = std::chrono::seconds{10};

// SCHED_BATCH: the thread, when the disk has woken it on a busy machine, does not
// interrupt those who are filling its next round: fewer and larger commits, and
// 15 % more of them in all on one core. It loses nothing where a core is free.
void set_policy(int policy) {
  sched_param none{};
  sched_setscheduler(0, policy, &none); // of the calling thread
}

} // namespace

journal::journal(caf::actor_config& cfg, store& kept, std::shared_ptr<const registries> keys,
                 lock_environment& env)
  : journal_actor::base(cfg),
    store_(kept),
    keys_(std::move(keys)),
    env_(env),
    wake_up_(env.time, this) {
}

journal_actor::behavior_type journal::make_behavior() {
  set_policy(SCHED_BATCH);
  set_alarm();
  // The most frequent first: CAF 0.17 looks for the right one in this order.
  return guarded(
    *this, [](journal& self, lock_entry& x) { self.add(std::move(x)); },
    [](journal& self, durable<acquire_reply>& x) { return self.park<acquire_reply>(x); },
    [](journal& self, durable<release_reply>& x) { return self.park<release_reply>(x); },
    [](journal& self, commit_now) { self.commit(); },
    [](journal& self, durable_check& x) { return self.park<bool>(x); },
    [](journal& self, durable_look& x) { return self.park<lock_info>(x); },
    [](journal& self, durable<lease_reply>& x) { return self.park<lease_reply>(x); },
    [](journal& self, lease_entry& x) { return self.park<bool>(x); },
    [](journal& self, leases_expired& x) { self.add(std::move(x)); },
    [](journal& self, key_rolled_back& x) { self.add(std::move(x)); },
    [](journal& self, shut_down) {
      self.commit();
      self.quit();
    },
    [](journal& self, deadline_reached) {
      self.wake_up_.arrived();
      self.try_again();
      self.set_alarm();
    });
}

// A round may not have been ended: the alarm goes on with it.
void journal::on_exception() noexcept {
  log_exception(env_.log, "journal");
  try {
    wake_up_.no_later_than(env_.time.now() + retry_pause);
  } catch (...) { // the next message goes on with it
  }
}

void journal::on_exit() {
  set_policy(SCHED_OTHER);
  wake_up_.clear();
  keys_ = nullptr;
}

template <class Reply, class Message>
caf::result<Reply> journal::park(Message& x) {
  auto promise = make_response_promise<Reply>();
  add(parked<Message, Reply>{std::move(x), promise});
  return promise;
}

// The first one of a round ends it, but by a message that comes behind all that
// has arrived by now: while a commit is under way, the next round fills.
void journal::add(item&& x) {
  try {
    round_.push_back(std::move(x));
  } catch (...) {
    // Its key has told it and will be answered: what cannot be written down is undone.
    if (auto* entry = std::get_if<lock_entry>(&x)) {
      refuse(*entry);
      on_failure("there is no memory for a change");
    }
    throw;
  }
  if (!commit_sent_)
    send_commit();
  if (round_.size() == most_in_a_round)
    commit_some();
}

void journal::send_commit() {
  compat::send(this, caf::actor_cast<journal_actor>(this), commit_now{});
  commit_sent_ = true;
}

// What has arrived before `commit_now` was sent is stored by now, in however many
// goes: the round is over.
void journal::commit() {
  commit_sent_ = false; // before anything can fail, and never two at a time
  commit_some();
  // Keys that have not rolled back yet must not think that all is settled.
  if (rolling_back_.empty())
    env_.stored.end_round();
  // One more, so that keys see two ends of rounds after their last message.
  if (std::exchange(any_in_round_, false))
    send_commit();
}

void journal::commit_some() {
  any_in_round_ = any_in_round_ || !round_.empty();
  auto round = std::exchange(round_, {});
  failed_now_ = false;
  if (env_.stored.is_well())
    if (auto problem = write(round); !problem.empty()) {
      failed_now_ = true;
      try {
        on_failure(problem);
      } catch (...) { // the answers must be given
        on_exception();
      }
    }
  answer(round);
}

void journal::answer(std::vector<item>& round) {
  auto stored = env_.stored.is_well();
  if (env_.workers != nullptr)
    env_.workers->hold_wakes();
  for (auto& x : round) {
    try {
      std::visit([&](auto& what) { stored ? confirm(what) : refuse(what); }, x);
    } catch (...) { // the others still get their answers
      on_exception();
    }
  }
  if (env_.workers != nullptr)
    env_.workers->release_wakes();
}

std::string journal::write(const std::vector<item>& round) {
  try {
    return write_all(round);
  } catch (const std::exception& x) {
    return std::string{"the store could not be written: "} + x.what();
  }
}

std::string journal::write_all(const std::vector<item>& round) {
  store_batch batch;
  std::uint64_t decisions = 0;
  for (auto& x : round) {
    if (auto* entry = std::get_if<lock_entry>(&x)) {
      ++decisions;
      for (auto& grant : entry->granted)
        batch.grants.emplace_back(entry->key, &grant);
      for (auto& ended : entry->ended)
        batch.ended_grants.push_back(ended.token);
    } else if (auto* lease = std::get_if<parked<lease_entry, bool>>(&x)) {
      ++decisions;
      auto& [what, record] = lease->what;
      if (what == lease_entry::made)
        batch.new_leases.push_back(&record);
      else if (what == lease_entry::renewed)
        batch.renewed_leases.push_back(&record);
      else
        batch.ended_leases.push_back(record.id);
    } else if (auto* expired = std::get_if<leases_expired>(&x)) {
      decisions += expired->ids.empty() ? 0 : 1;
      batch.ended_leases.insert(batch.ended_leases.end(), expired->ids.begin(), expired->ids.end());
    }
  }
  if (decisions == 0)
    return {};
  auto problem = store_.commit(batch);
  if (problem.empty())
    env_.stored.add_commit(decisions);
  return problem;
}

// -- answers ------------------------------------------------------------------

void journal::confirm(parked<lease_entry, bool>& x) {
  x.promise.deliver(true);
}

template <class Message, class Reply>
void journal::confirm(parked<Message, Reply>& x) {
  x.promise.deliver(std::move(x.what.reply));
}

void journal::confirm(lock_entry& x) {
  tell_leases(x);
}

void journal::tell_leases(const lock_entry& x) {
  for (auto& [token, lease] : x.ended)
    if (lease != 0)
      compat::send(this, keys_->leases, lease_released{lease, x.key, token});
}

void journal::refuse(lock_entry& x) {
  if (rolling_back_.contains(x.key))
    return;
  if (x.final) {
    for (auto& ended : x.ended)
      owed_grants_.push_back(ended.token);
    tell_leases(x);
    if (x.granted.empty())
      return;
  }
  auto& registry = keys_->of(x.key);
  auto rolls = rolling_back_.insert(x.key).first;
  try {
    compat::send(this, registry, roll_back_key{std::move(x.key), x.number});
  } catch (...) {
    rolling_back_.erase(rolls);
    throw;
  }
}

// In its turn: what came before built on what never was.
void journal::refuse(key_rolled_back& x) {
  rolling_back_.erase(x.key);
}

void journal::refuse(leases_expired& x) {
  owed_leases_.insert(owed_leases_.end(), x.ids.begin(), x.ids.end());
}

void journal::refuse(parked<lease_entry, bool>& x) {
  x.promise.deliver(false);
}

template <class Reply>
void journal::refuse(parked_answer<Reply>& x) {
  // Of a lease nobody knows on which keys it depends: on those that roll back.
  auto depends = x.what.key.empty() ? failed_now_ || !rolling_back_.empty()
                                    : rolling_back_.contains(x.what.key);
  if (depends) {
    x.what.reply = {};
    x.what.reply.status = Reply::store_failed;
  }
  x.promise.deliver(std::move(x.what.reply));
}

template <class Message, class Reply>
void journal::refuse(parked<Message, Reply>& x) {
  if (rolling_back_.contains(x.what.request.key))
    compat::delegate_promise(x.promise, keys_->of(x.what.request.key), std::move(x.what.request));
  else
    x.promise.deliver(std::move(x.what.reply));
}

// -- failure ------------------------------------------------------------------

void journal::on_failure(const std::string& problem) {
  env_.stored.set_problem(problem);
  env_.log.error("changes are refused: {}", problem);
  // Later requests are refused by the keys: they see it from now on.
  for (auto& x : keys_->all)
    compat::send(this, x, refuse_waiters{});
  set_alarm();
}

void journal::try_again() {
  if ((any_in_round_ || !round_.empty()) && !commit_sent_)
    send_commit();
  if (env_.stored.is_well()) {
    if (auto problem = store_.keep_time(); !problem.empty())
      on_failure(problem);
    return;
  }
  if (!rolling_back_.empty())
    return;
  store_batch batch;
  batch.ended_grants = owed_grants_;
  batch.ended_leases = owed_leases_;
  if (!store_.commit(batch).empty())
    return;
  owed_grants_.clear();
  owed_leases_.clear();
  env_.stored.set_problem({});
  env_.log.info("the store is well again: changes are accepted");
}

void journal::set_alarm() {
  wake_up_.no_later_than(env_.time.now()
                         + (env_.stored.is_well() ? duration{clock_pause} : duration{retry_pause}));
}

} // namespace lockserver
