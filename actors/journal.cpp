#include "actors/journal.hpp"

#include "actors/journal_contents.hpp"

#include <spdlog/logger.h>

#include <sched.h>

#include <ctime>
#include <type_traits>

namespace lockserver {

namespace {

// Between two tries of a store that fails: soon enough for people, and seldom
// enough not to be a load on a disk that is full.
constexpr auto retry_pause = std::chrono::milliseconds{250};

// Items that are stored and answered in one go, at most: the disk takes some
// milliseconds for them, and whoever runs the sessions gets no more answers at once.
constexpr std::size_t most_in_a_round = 1024;

// A round waits for more only behind one that had so many: fewer clients than that are
// not kept waiting for a commit that would save nothing.
constexpr std::size_t least_to_gather = 8;

// A commit that waits for less is not worth doing something else meanwhile.
constexpr auto short_wait = std::chrono::microseconds{100};

// What this thread has been running for.
std::chrono::nanoseconds cpu_time() {
  std::timespec x{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &x);
  return std::chrono::seconds{x.tv_sec} + std::chrono::nanoseconds{x.tv_nsec};
}

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
  env_.stored.set_answers_until(store_.answers_until());
}

journal_actor::behavior_type journal::make_behavior() {
  set_policy(SCHED_BATCH);
  set_alarm();
  // The most frequent first: CAF 0.17 looks for the right one in this order.
  return guarded(
    *this, [](journal& self, durable<acquire_reply>& x) { return self.park<acquire_reply>(x); },
    [](journal& self, durable<release_reply>& x) { return self.park<release_reply>(x); },
    [](journal& self, commit_now) { self.commit(); },
    [](journal& self, lock_entry& x) { self.add(std::move(x)); },
    [](journal& self, durable_check& x) { return self.park<bool>(x); },
    [](journal& self, durable_look& x) { return self.park<lock_info>(x); },
    [](journal& self, durable_names& x) { return self.park<key_names>(x); },
    [](journal& self, durable<lease_reply>& x) { return self.park<lease_reply>(x); },
    [](journal& self, lease_entry& x) { return self.park<bool>(x); },
    [](journal& self, leases_expired& x) { self.add(std::move(x)); },
    [](journal& self, key_rolled_back& x) { self.add(std::move(x)); },
    [](journal& self, shut_down) {
      self.commit();
      self.give_up();
      self.quit();
    },
    [](journal& self, deadline_reached) {
      self.wake_up_.arrived();
      self.on_alarm();
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

bool journal::has_entry(const item& x) {
  auto has = []<class T>(const T& what) {
    if constexpr (std::is_same_v<T, lock_entry>)
      return !what.empty();
    else if constexpr (requires { what.what.entry; })
      return !what.what.entry.empty();
    else
      return false;
  };
  return std::visit(has, x);
}

void journal::add(item&& x) {
  try {
    round_.push_back(std::move(x));
  } catch (...) {
    // Its key has told it: what cannot be written down is undone.
    if (has_entry(x)) {
      std::visit([this](auto& what) { refuse(what); }, x);
      on_failure("there is no memory for a change");
    }
    throw;
  }
  // It had nothing to do. On a core that it shares, who has woken it may have more to send:
  // that first, and then one commit for all, unless a commit leaves the core to others
  // anyway. Costs nothing where a core is free.
  if (in_round_ == 0 && !commit_sent_ && !commit_waits_)
    sched_yield();
  ++in_round_;
  begin_round();
  if (gathers_until_ && in_round_ >= last_round_)
    send_commit();
  if (round_.size() == most_in_a_round)
    commit_some();
}

// The first one of a round ends it, but by a message that comes behind all that
// has arrived by now: while a commit is under way, the next round fills. Behind a round
// of many the message is sent when as many have come again, or after a pause.
void journal::begin_round() {
  if (commit_sent_ || gathers_until_)
    return;
  auto pause = store_.gather();
  if (pause <= store::duration::zero() || last_round_ < least_to_gather)
    return send_commit();
  gathers_until_ = env_.time.now() + pause;
  wake_up_.no_later_than(*gathers_until_);
}

void journal::send_commit() {
  compat::send(this, caf::actor_cast<journal_actor>(this), commit_now{});
  commit_sent_ = true;
  gathers_until_.reset();
}

// What has arrived before `commit_now` was sent is stored by now, in however many
// goes: the round is over.
void journal::commit() {
  commit_sent_ = false; // before anything can fail, and never two at a time
  commit_some();
  // Keys that have not rolled back yet must not think that all is settled.
  if (rolling_back_.empty())
    env_.stored.end_round();
  last_round_ = std::exchange(in_round_, 0);
  // One more, so that keys see two ends of rounds after their last message.
  if (last_round_ > 0)
    begin_round();
}

void journal::commit_some() {
  auto round = std::exchange(round_, {});
  failed_now_ = false;
  if (!over_ && env_.stored.is_well()) {
    auto result = write(round);
    failed_now_ = result.what != commit_result::stored;
    try {
      note(result);
    } catch (...) { // the answers must be given
      on_exception();
    }
  }
  answer(round);
  round.clear();
  round_ = std::move(round); // the next needs as much room
}

// What a commit has come to.
void journal::note(const commit_result& x) {
  switch (x.what) {
    case commit_result::stored:
      return env_.stored.set_answers_until(store_.answers_until());
    case commit_result::refused:
      return on_failure(x.problem);
    case commit_result::lost:
      return on_loss(x.problem);
  }
}

void journal::answer(std::vector<item>& round) {
  auto stored = !over_ && env_.stored.is_well();
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

commit_result journal::write(const std::vector<item>& round) {
  try {
    return write_all(round);
  } catch (const std::exception& x) {
    return {commit_result::refused, std::string{"the store could not be written: "} + x.what()};
  }
}

commit_result journal::write_all(const std::vector<item>& round) {
  contents of;
  for (auto& x : round)
    std::visit(of, x);
  if (of.decisions == 0)
    return of.answers && !env_.may_tell() ? store_.keep() : commit_result{};
  auto began = std::chrono::steady_clock::now();
  auto worked = cpu_time();
  auto result = store_.commit(of.batch);
  auto took = std::chrono::steady_clock::now() - began;
  commit_waits_ = took - (cpu_time() - worked) > short_wait;
  if (result.what == commit_result::stored)
    env_.stored.add_commit(of.decisions);
  return result;
}

// -- answers ------------------------------------------------------------------

void journal::confirm(parked<lease_entry, bool>& x) {
  x.promise.deliver(true);
}

template <class Message, class Reply>
void journal::confirm(parked<Message, Reply>& x) {
  x.promise.deliver(std::move(x.what.reply));
}

template <class Reply>
void journal::confirm(parked_answer<Reply>& x) {
  confirm(x.what.entry);
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
  if (x.empty() || over_ || rolling_back_.contains(x.key))
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
    compat::send(this, registry, roll_back_key{x.key, x.number});
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
  auto& key = x.what.entry.key;
  refuse(x.what.entry);
  // Of a lease nobody knows on which keys it depends: on those that roll back.
  auto depends = key.empty() ? failed_now_ || !rolling_back_.empty() : rolling_back_.contains(key);
  if (!depends && !over_)
    return tell(x);
  x.what.reply = {};
  x.what.reply.status = Reply::store_failed;
  x.promise.deliver(std::move(x.what.reply));
}

template <class Message, class Reply>
void journal::refuse(parked<Message, Reply>& x) {
  if (!rolling_back_.contains(x.what.request.key) || over_)
    return tell(x);
  compat::delegate_promise(x.promise, keys_->of(x.what.request.key), std::move(x.what.request));
}

void journal::refuse(parked<durable_names, key_names>& x) {
  tell(x);
}

// What depends on nothing that could not be stored.
template <class Message, class Reply>
void journal::tell(parked<Message, Reply>& x) {
  if (over_)
    x.promise.deliver(caf::make_error(errc::store_failed));
  else if (env_.may_tell())
    x.promise.deliver(std::move(x.what.reply));
  else
    untold_.push_back(std::move(x));
}

// Whoever still waits for the store hears that there will be no answer.
void journal::give_up() {
  over_ = true;
  auto untold = std::exchange(untold_, {});
  answer(untold);
}

// -- failure ------------------------------------------------------------------

void journal::on_failure(const std::string& problem) {
  env_.stored.set_problem(problem);
  env_.log.error("changes are refused: {}", problem);
  refuse_all_waiters();
  set_alarm();
}

void journal::on_loss(const std::string& problem) {
  over_ = true;
  // From now on all that others would answer comes here.
  env_.stored.set_answers_until(boot_clock::time_point::min());
  env_.stored.set_problem(problem);
  env_.log.error("another server writes to the store, nothing is confirmed any more: {}", problem);
  if (env_.on_lost)
    env_.on_lost(problem);
  refuse_all_waiters();
  give_up();
}

// Later requests are refused by the keys: they see it from now on.
void journal::refuse_all_waiters() {
  for (auto& x : keys_->all)
    compat::send(this, x, refuse_waiters{});
}

void journal::on_alarm() {
  auto now = env_.time.now();
  if (gathers_until_ && now >= *gathers_until_)
    send_commit();
  else if (in_round_ > 0) // an exception may have kept it from being ended
    begin_round();
  if (now >= alarm_)
    keep();
  if (gathers_until_)
    wake_up_.no_later_than(*gathers_until_);
  if (alarm_ != time_point::max())
    wake_up_.no_later_than(alarm_);
}

void journal::keep() {
  if (env_.stored.is_well())
    note(store_.keep());
  else
    try_again();
  set_alarm();
}

void journal::try_again() {
  if (!rolling_back_.empty())
    return;
  store_batch batch;
  batch.ended_grants = owed_grants_;
  batch.ended_leases = owed_leases_;
  auto result = store_.commit(batch);
  if (result.what == commit_result::lost)
    return on_loss(result.problem);
  if (result.what == commit_result::refused)
    return;
  owed_grants_.clear();
  owed_leases_.clear();
  env_.stored.set_answers_until(store_.answers_until());
  env_.stored.set_problem({});
  env_.log.info("the store is well again: changes are accepted");
  auto untold = std::exchange(untold_, {});
  answer(untold);
}

void journal::set_alarm() {
  if (over_) {
    alarm_ = time_point::max();
    return;
  }
  alarm_ = env_.time.now() + (env_.stored.is_well() ? store_.keep_interval() : retry_pause);
  wake_up_.no_later_than(alarm_);
}

} // namespace lockserver
