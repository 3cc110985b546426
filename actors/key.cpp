#include "actors/key.hpp"

#include "actors/quoted.hpp"
#include "actors/rules/holder_name.hpp"

#include <spdlog/logger.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace lockserver {

namespace {

// Between two looks whether all is settled, when an unused key is given no longer: as long
// as a disk takes for a commit or two.
constexpr auto settle_pause = std::chrono::milliseconds{10};

// What is left of a grant; the most there is when it has no end of its own.
caf::timespan left(time_point now, const grant& x) {
  return x.expires_at == time_point::max() ? caf::timespan::max() : x.expires_at - now;
}

holder_info holder(time_point now, const grant& x) {
  return {x.owner,      x.mode,        x.token,
          left(now, x), now - x.since, x.more ? x.more->metadata : std::string{}};
}

errc status_of(acquire_outcome x) {
  switch (x) {
    case acquire_outcome::granted:
    case acquire_outcome::waiting:
      break;
    case acquire_outcome::held:
      return acquire_reply::held;
    case acquire_outcome::already_held:
      return acquire_reply::already_held;
    case acquire_outcome::already_waiting:
      return acquire_reply::already_waiting;
    case acquire_outcome::limit_mismatch:
      return acquire_reply::limit_mismatch;
    case acquire_outcome::too_many_waiters:
      return acquire_reply::too_many_waiters;
  }
  return acquire_reply::granted;
}

// Why a wait is over.
errc status_of(lock_change::cause x) {
  switch (x) {
    case lock_change::cause::turn:
      return acquire_reply::granted;
    case lock_change::cause::lease_ended:
      return acquire_reply::lease_expired;
    default:
      return acquire_reply::wait_timeout;
  }
}

} // namespace

key::key(caf::actor_config& cfg, counted_key counted, registry_actor registry,
         const registry_share& share, lock_environment& env, std::string name)
  : key_actor::base(cfg),
    counted_(std::move(counted)),
    registry_(std::move(registry)),
    share_(share),
    env_(env),
    name_(std::move(name)),
    lock_(env.tokens, env.limits),
    wake_up_(env.time, this),
    last_used_(env.time.now()) {
}

key_actor::behavior_type key::make_behavior() {
  // The most frequent first: CAF 0.17 looks for the right one in this order.
  return guarded(
    *this, [](key& self, acquire_request& x) { return self.acquire(x); },
    [](key& self, const release_request& x) { return self.release(x); },
    [](key& self, const renew_request& x) { return self.renew(x); },
    [](key& self, const check_request& x) { return self.check(x); },
    [](key& self, const inspect_request& x) { return self.inspect(x); },
    [](key& self, const withdraw_request& x) { self.withdraw(x, self.begin_request()); },
    [](key& self, key_notice& x) { std::visit([&self](auto& what) { self.heard(what); }, x.what); },
    [](key& self, shut_down) {
      self.told_to_end_ = true;
      self.quit();
      auto now = self.env_.time.now();
      while (self.waiting_ && !self.waiting_->empty())
        self.refuse(now, self.waiting_->begin()->first, acquire_reply::stopping);
    },
    [](key& self, deadline_reached) {
      self.wake_up_.arrived();
      self.expire();
    });
}

void key::on_exit() {
  wake_up_.clear();
  // Only the registry may end it. This is a fault, of which its lock has died.
  if (!told_to_end_)
    compat::send(this, registry_, key_idle{name_, key_idle::has_ended});
  while (waiting_ && !waiting_->empty())
    cancel(waiting_->begin()->first);
  share_.counts.holders -= holders_;
  registry_ = nullptr; // has `share_`, too
  counted_.reset();
}

void key::on_exception() noexcept {
  log_exception(env_.log, "key", name_);
  try {
    keep_up(env_.time.now()); // the next deadline must not be missed
  } catch (...) {             // the next request tries it again
  }
}

// -- requests -----------------------------------------------------------------

caf::result<acquire_reply> key::acquire(acquire_request& x) {
  operation op{*this, begin_request(), true};
  if (!env_.writable()) {
    settle_up(op);
    return refused(op.now, acquire_reply::store_failed, false);
  }
  // What waits but may not gets an answer of its own.
  auto may_wait = !x.takes_connection || env_.waits < env_.max_waits;
  auto wants_to_wait = x.wait > caf::timespan::zero();
  if (!may_wait)
    x.wait = caf::timespan::zero();
  auto [outcome, has] = lock_.acquire(op.now, std::move(static_cast<lock_request&>(x)), op.changes);
  if (outcome == acquire_outcome::waiting) {
    auto& place = park(x, op.now);
    auto promise = make_response_promise<acquire_reply>();
    place.promise = promise;
    env_.log.debug("waits: key={} ticket={} place={} for={:.3f}s", quoted{name_}, x.ticket,
                   lock_.waiting(), seconds(x.wait));
    settle_up(op);
    return promise;
  }
  if (outcome != acquire_outcome::granted) {
    auto status = status_of(outcome);
    auto would_wait = outcome == acquire_outcome::held
                      || outcome == acquire_outcome::limit_mismatch;
    if (would_wait && wants_to_wait && !may_wait)
      status = acquire_reply::too_many_waits;
    auto reply = refused(op.now, status, x.explain && has == nullptr);
    if (has != nullptr && x.explain) {
      reply.holders.push_back(holder(op.now, *has));
      reply.holder_count = lock_.holders().size();
    }
    return conclude(op, std::move(reply));
  }
  env_.log.debug("granted: key={} {} ticket={} token={} for={:.3f}s", quoted{name_},
                 logged_holder{has->owner}, x.ticket, has->token, seconds(left(op.now, *has)));
  return conclude(op, granted(op.now, *has));
}

caf::result<acquire_reply> key::renew(const renew_request& x) {
  operation op{*this, begin_request(), true};
  if (!env_.writable()) {
    settle_up(op);
    return refused(op.now, acquire_reply::store_failed, false);
  }
  auto* renewed = lock_.renew(op.now, x.owner, x.token, x.ttl, op.changes);
  if (renewed == nullptr)
    return conclude(op, refused(op.now, why_not_holder(x.owner, x.token), true));
  if (renewed->lease() != 0)
    return conclude(op, refused(op.now, acquire_reply::has_lease, false));
  env_.log.debug("renewed: key={} {} token={} for={:.3f}s", quoted{name_}, logged_holder{x.owner},
                 renewed->token, seconds(x.ttl));
  return conclude(op, granted(op.now, *renewed));
}

caf::result<release_reply> key::release(const release_request& x) {
  operation op{*this, begin_request(), true};
  if (!env_.writable()) {
    settle_up(op);
    return release_reply{release_reply::store_failed};
  }
  auto released = x.force ? lock_.release_all(op.now, op.changes)
                          : lock_.release(op.now, x.owner, x.token, op.changes);
  if (released)
    env_.log.debug("released: key={} {}{}", quoted{name_}, logged_holder{x.owner},
                   x.force ? " by force" : "");
  release_reply reply;
  if (released) {
    reply.status = release_reply::released;
  } else if (x.force) {
    reply.status = release_reply::not_held;
  } else {
    reply.status = why_not_holder(x.owner, x.token);
    reply.holders = holders(op.now, few_holders, answer_room{});
    reply.holder_count = lock_.holders().size();
  }
  return conclude(op, std::move(reply));
}

// A lock belongs to the identity that took it, whoever knows its owner and token. Who asks
// for an earlier grant of its own, which has ended, has simply lost it.
errc key::why_not_holder(std::string_view name, std::uint64_t token) const noexcept {
  auto asker = parts_of(name);
  auto& all = lock_.holders();
  auto is_anothers = std::any_of(all.begin(), all.end(), [&](auto& x) {
    auto [identity, owner] = parts_of(x.owner);
    return owner == asker.owner && identity != asker.identity && (token == 0 || token == x.token);
  });
  return is_anothers ? errc::forbidden : errc::not_holder;
}

caf::result<bool> key::check(const check_request& x) {
  auto now = begin_request();
  keep_up(now);
  auto reply = x.owner.empty() ? lock_.check(now) : lock_.confirm(now, x.owner);
  return answer(x, reply);
}

caf::result<lock_info> key::inspect(const inspect_request& x) {
  operation op{*this, begin_request()};
  lock_.expire(op.now, op.changes);
  settle_up(op);
  // Ordinarily both fit; if not, neither keeps all from the other.
  constexpr auto for_queue = answer_room::whole / 4;
  auto most = x.with_queue ? lock_.holders().size() : few_holders;
  lock_info result{name_};
  result.holders = holders(op.now, most, answer_room{answer_room::whole - for_queue});
  result.holder_count = lock_.holders().size();
  result.queue_length = lock_.waiting();
  result.limit = lock_.limit();
  if (x.with_queue) {
    answer_room room{for_queue};
    lock_.for_each_waiter([&](const waiter& w) {
      if (!room.take(w.request.owner))
        return false;
      result.queue.push_back({w.request.owner, w.request.mode, op.now - w.since});
      return true;
    });
  }
  return answer(x, std::move(result));
}

void key::withdraw(const withdraw_request& x, time_point now) {
  operation op{*this, now};
  auto waits = find_parked(x.ticket) != nullptr;
  auto wait_only = x.what == withdrawal::wait_only;
  if (!wait_only && !settled())
    remember_withdrawn(x);
  auto found = false;
  if (x.what == withdrawal::held)
    found = lock_.end_hold(op.now, x.ticket, op.changes);
  else if (waits || !wait_only)
    found = lock_.withdraw(op.now, x.ticket, op.changes);
  if (found)
    env_.log.debug("withdrawn: key={} ticket={}, its client is gone", quoted{name_}, x.ticket);
  // Out of those who wait before the next of them are told.
  if (!wait_only)
    cancel(x.ticket);
  settle_up(op);
  if (wait_only)
    refuse(op.now, x.ticket, acquire_reply::wait_timeout);
}

void key::heard(const lease_ended& x) {
  operation op{*this, begin_request()};
  lock_.end_lease(op.now, x.lease, op.changes);
  settle_up(op);
}

void key::expire() {
  operation op{*this, env_.time.now()};
  lock_.expire(op.now, op.changes);
  settle_up(op);
}

time_point key::begin_request() {
  ++served_;
  return last_used_ = env_.time.now();
}

// -- answers ------------------------------------------------------------------

// At once, or when what it may depend on is durable.
template <class Request, class Reply>
caf::result<Reply> key::answer(const Request& x, Reply reply) {
  if (may_tell())
    return reply;
  return compat::delegate(this, env_.journal, held_back(x, std::move(reply)));
}

acquire_reply key::granted(time_point now, const grant& x) const {
  using std::chrono::duration_cast;
  using std::chrono::microseconds;
  acquire_reply reply;
  reply.status = acquire_reply::granted;
  reply.token = x.token;
  reply.ttl = left(now, x);
  reply.mode = x.mode;
  if (x.expires_at != time_point::max()) {
    auto wall = env_.time.wall_now().time_since_epoch() + reply.ttl;
    reply.expires_at = duration_cast<microseconds>(wall).count();
  }
  return reply;
}

acquire_reply key::refused(time_point now, errc status, bool explain) const {
  acquire_reply reply;
  reply.status = status;
  reply.limit = lock_.limit();
  if (explain) {
    reply.holders = holders(now, few_holders, answer_room{});
    reply.holder_count = lock_.holders().size();
    reply.queue_length = lock_.waiting();
  }
  return reply;
}

// The first of them, at most so many and as far as there is room.
std::vector<holder_info> key::holders(time_point now, std::size_t most, answer_room room) const {
  std::vector<holder_info> result;
  for (auto& x : lock_.holders()) {
    if (now >= x.expires_at)
      continue;
    auto next = holder(now, x);
    if (result.size() == most || !room.take(next.owner, next.metadata))
      break;
    result.push_back(std::move(next));
  }
  return result;
}

// After whatever may have changed the lock: tell all who want to know, answer those
// whose wait is over, and see to it that the next deadline is not missed. Called
// again after an exception, it goes on where it was.
void key::settle_up(operation& op) {
  // Who hears of changes, in this order. The journal is the first, so that all
  // answers come behind what they depend on.
  using listener = void (key::*)(operation&);
  static constexpr listener listeners[] = {&key::tell_journal, &key::tell_leases, &key::tell_counts,
                                           &key::tell_log, &key::tell_grants};
  if (!op.changes.empty())
    for (; op.listeners < std::size(listeners); ++op.listeners) {
      auto tell_it = listeners[op.listeners];
      (this->*tell_it)(op);
    }
  answer_waiters(op);
  keep_up(op.now);
  op.settled = true;
}

// With a journal they hear from it, when what has ended is stored: behind the answer
// by which they have heard of the grant.
void key::tell_leases(operation& op) {
  if (env_.journal)
    return;
  for (auto& [what, why, limit, grant] : op.changes)
    if (what == lock_change::kind::ended && grant.lease() != 0
        && why != lock_change::cause::lease_ended)
      compat::send(this, share_.leases, lease_released{grant.lease(), name_, grant.token});
}

void key::tell_counts(operation&) {
  count_holders();
}

void key::count_holders() {
  auto count = static_cast<std::uint32_t>(lock_.holders().size());
  share_.counts.holders += std::size_t{count} - holders_; // below zero it wraps, as the sum does
  holders_ = count;
}

void key::tell_log(operation& op) {
  for (auto& [what, why, limit, grant] : op.changes)
    if (what == lock_change::kind::ended && why == lock_change::cause::expired)
      env_.log.debug("expired: key={} {} token={}", quoted{name_}, logged_holder{grant.owner},
                     grant.token);
}

void key::tell_grants(operation& op) {
  if (env_.grants == nullptr)
    return;
  for (auto& [what, why, limit, about] : op.changes) {
    if (what == lock_change::kind::ended)
      env_.grants->ended(name_, about, why);
    else if (what == lock_change::kind::granted)
      if (auto* has = lock_.with_token(about.token))
        env_.grants->granted(name_, *has);
  }
}

// Who has withdrawn its request has been answered already.
void key::answer_waiters(operation& op) {
  std::size_t told = 0;
  for (; op.answered < op.changes.size(); ++op.answered) {
    auto& [what, why, limit, request] = op.changes[op.answered];
    if (what != lock_change::kind::waits_no_more || why == lock_change::cause::withdrawn)
      continue;
    verdict one{request.ticket, status_of(why), request.owner, request.token};
    if (!untold_ && told < answers_per_turn) {
      tell(op.now, one);
      ++told;
      continue;
    }
    if (!untold_)
      untold_ = std::make_unique<std::deque<verdict>>();
    untold_->push_back(std::move(one));
  }
  tell_some(op.now, answers_per_turn - told);
}

void key::keep_up(time_point now) {
  // Not by a message to itself, which might come in this very turn of the thread.
  if (untold_)
    wake_up_.no_later_than(now);
  if (auto due = lock_.next_deadline()) {
    wake_up_.no_later_than(*due);
  } else if (lock_.idle() && !untold_) { // else it is held without an end
    // Its heir would not know of what is not settled yet.
    if (now - last_used_ < env_.key_idle_timeout) {
      wake_up_.no_later_than(last_used_ + env_.key_idle_timeout);
    } else if (!settled()) {
      wake_up_.no_later_than(now + std::max<duration>(env_.key_idle_timeout, settle_pause));
      settle_by_another_round();
    } else {
      compat::send(this, registry_, key_idle{name_, served_});
    }
  }
}

} // namespace lockserver
