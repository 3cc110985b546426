#include "actors/key.hpp"

#include "actors/quoted.hpp"

#include <spdlog/logger.h>

#include <limits>
#include <utility>

namespace lockserver {

namespace {

double seconds(duration x) {
  return x == forever ? std::numeric_limits<double>::infinity()
                      : std::chrono::duration<double>{x}.count();
}

// What is left of a grant; the most there is when it has no end of its own.
caf::timespan left(time_point now, const grant& x) {
  return x.expires_at == time_point::max() ? caf::timespan::max() : x.expires_at - now;
}

holder_info holder(time_point now, const grant& x) {
  return {x.owner,       static_cast<std::uint8_t>(x.mode),        x.token, left(now, x),
          now - x.since, x.more ? x.more->metadata : std::string{}};
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

} // namespace

key::key(caf::actor_config& cfg, registry_actor registry, lock_environment& env,
         lock_counts& counts, std::string name)
  : key_actor::base(cfg),
    registry_(std::move(registry)),
    env_(env),
    counts_(counts),
    name_(std::move(name)),
    lock_(env.tokens, env.limits),
    wake_up_(env.time, this),
    last_used_(env.time.now()) {
}

key_actor::behavior_type key::make_behavior() {
  // The most frequent first: CAF 0.17 looks for the right one in this order.
  return {
    [this](acquire_request& x) { return acquire(x); },
    [this](const release_request& x) { return release(x); },
    [this](const renew_request& x) { return renew(x); },
    [this](const check_request& x) { return check(x); },
    [this](const inspect_request& x) { return inspect(x); },
    [this](const withdraw_request& x) { withdraw(x, begin_request()); },
    [this](const lease_ended& x) {
      auto op = begin_operation(begin_request());
      lock_.end_lease(op.now, x.lease, op.changes);
      settle_up(op);
    },
    [this](restore_key& x) { restore(x); },
    [this](const refuse_waiters&) {
      auto now = begin_request();
      refuse_all(acquire_reply::store_failed);
      lock_.forget_waiters();
      keep_up(now);
    },
    [this](shut_down) {
      refuse_all(acquire_reply::stopping);
      quit();
    },
    [this](deadline_reached) {
      wake_up_.arrived();
      auto op = begin_operation(env_.time.now());
      lock_.expire(op.now, op.changes);
      settle_up(op);
    },
  };
}

void key::on_exit() {
  wake_up_.clear();
  registry_ = nullptr;
  counts_.holders -= holders_;
  if (--env_.keys == 0)
    env_.keys.notify_all();
}

// -- requests -----------------------------------------------------------------

caf::result<acquire_reply> key::acquire(acquire_request& x) {
  auto op = begin_operation(begin_request(), true);
  if (!env_.writable()) {
    tell_leases(x.lease, 0);
    keep_up(op.now);
    return refused(op.now, acquire_reply::store_failed, false);
  }
  auto [outcome, has]
    = lock_.acquire(op.now,
                    {std::move(x.owner), x.ticket, x.ttl, x.wait, static_cast<lock_mode>(x.mode),
                     x.limit, std::move(x.request_id), x.lease, std::move(x.metadata)},
                    op.changes);
  if (outcome == acquire_outcome::waiting) {
    auto promise = make_response_promise<acquire_reply>();
    if (!waiting_)
      waiting_ = std::make_unique<std::unordered_map<ticket_id, parked>>();
    waiting_->emplace(x.ticket, parked{promise, op.now, x.lease, x.explain});
    ++counts_.waiters;
    env_.log.debug("waits: key={} ticket={} place={} for={:.3f}s", quoted{name_}, x.ticket,
                   lock_.waiting(), seconds(x.wait));
    settle_up(op);
    return promise;
  }
  if (outcome != acquire_outcome::granted) {
    auto reply = refused(op.now, status_of(outcome), x.explain && has == nullptr);
    if (has != nullptr && x.explain)
      reply.holders.push_back(holder(op.now, *has));
    tell_leases(x.lease, 0);
    settle_up(op);
    return answer(std::move(reply));
  }
  env_.log.debug("granted: key={} owner={} ticket={} token={} for={:.3f}s", quoted{name_},
                 quoted{has->owner}, x.ticket, has->token, seconds(left(op.now, *has)));
  auto reply = granted(op.now, *has);
  settle_up(op);
  // Behind what the journal is told: whoever looks at the lease waits for that.
  tell_leases(x.lease, reply.token);
  return answer(std::move(reply));
}

caf::result<acquire_reply> key::renew(const renew_request& x) {
  auto op = begin_operation(begin_request(), true);
  if (!env_.writable()) {
    keep_up(op.now);
    return refused(op.now, acquire_reply::store_failed, false);
  }
  auto* renewed = lock_.renew(op.now, x.owner, x.token, x.ttl, op.changes);
  auto has_lease = renewed != nullptr && renewed->lease() != 0;
  auto reply = renewed != nullptr && !has_lease ? granted(op.now, *renewed) : acquire_reply{};
  settle_up(op);
  if (has_lease)
    return answer(refused(op.now, acquire_reply::has_lease, false));
  if (renewed == nullptr)
    return answer(refused(op.now, acquire_reply::not_holder, true));
  env_.log.debug("renewed: key={} owner={} token={} for={:.3f}s", quoted{name_}, quoted{x.owner},
                 reply.token, seconds(x.ttl));
  return answer(std::move(reply));
}

caf::result<release_reply> key::release(const release_request& x) {
  auto op = begin_operation(begin_request(), true);
  if (!env_.writable()) {
    keep_up(op.now);
    return release_reply{release_reply::store_failed};
  }
  auto released = x.force ? lock_.release_all(op.now, op.changes)
                          : lock_.release(op.now, x.owner, x.token, op.changes);
  if (released)
    env_.log.debug("released: key={} owner={}{}", quoted{name_}, quoted{x.owner},
                   x.force ? " by force" : "");
  settle_up(op);
  release_reply reply;
  if (released)
    reply.status = release_reply::released;
  else if (x.force)
    reply.status = release_reply::not_held;
  else if (x.explain)
    reply.holders = holders(op.now);
  return answer(std::move(reply));
}

caf::result<bool> key::check(const check_request& x) {
  auto now = begin_request();
  keep_up(now);
  auto reply = x.owner.empty() ? lock_.check(now) : lock_.find(now, x.owner) != nullptr;
  if (settled())
    return reply;
  return compat::delegate(this, env_.journal, durable_check{x, reply});
}

caf::result<lock_info> key::inspect(const inspect_request& x) {
  auto op = begin_operation(begin_request());
  lock_.expire(op.now, op.changes);
  settle_up(op);
  lock_info result{name_, holders(op.now), {}, lock_.waiting(), lock_.limit()};
  if (x.with_queue)
    lock_.for_each_waiter([&](const waiter& w) {
      result.queue.push_back(
        {w.request.owner, static_cast<std::uint8_t>(w.request.mode), op.now - w.since});
    });
  if (settled())
    return result;
  return compat::delegate(this, env_.journal, durable_look{x, std::move(result)});
}

void key::withdraw(const withdraw_request& x, time_point now) {
  auto op = begin_operation(now);
  auto waits = waiting_ && waiting_->contains(x.ticket);
  if (!waits && !x.wait_only && !settled())
    remember_withdrawn(x.ticket);
  if (waits || !x.wait_only)
    if (lock_.withdraw(op.now, x.ticket, op.changes))
      env_.log.debug("withdrawn: key={} ticket={}, its client is gone", quoted{name_}, x.ticket);
  settle_up(op);
  if (waits && x.wait_only)
    refuse(op.now, x.ticket, acquire_reply::wait_timeout);
  else if (waits)
    tell_leases(unpark(x.ticket).lease, 0);
}

time_point key::begin_request() {
  ++served_;
  return last_used_ = env_.time.now();
}

// -- answers ------------------------------------------------------------------

// At once, or when what it may depend on is durable.
template <class Reply>
caf::result<Reply> key::answer(Reply x) {
  if (settled())
    return x;
  return compat::delegate(this, env_.journal, durable<Reply>{name_, std::move(x)});
}

acquire_reply key::granted(time_point now, const grant& x) const {
  using std::chrono::duration_cast;
  using std::chrono::microseconds;
  acquire_reply reply;
  reply.status = acquire_reply::granted;
  reply.token = x.token;
  reply.ttl = left(now, x);
  reply.mode = static_cast<std::uint8_t>(x.mode);
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
    reply.holders = holders(now);
    reply.queue_length = lock_.waiting();
  }
  return reply;
}

std::vector<holder_info> key::holders(time_point now) const {
  std::vector<holder_info> result;
  for (auto& x : lock_.holders())
    if (now < x.expires_at)
      result.push_back(holder(now, x));
  return result;
}

// After whatever may have changed the lock: answer those whose wait is over,
// keep the counts, and see to it that the next deadline is not missed.
void key::settle_up(operation& op) {
  if (env_.journal)
    write_down(op);
  for (auto& x : op.changes.ended) {
    if (x.expired)
      env_.log.debug("expired: key={} owner={} token={}", quoted{name_}, quoted{x.owner}, x.token);
    if (x.lease != 0)
      compat::send(this, registry_, lease_released{x.lease, name_, x.token});
  }
  for (auto& x : op.changes.decided) {
    if (x.what != decision::kind::granted) {
      refuse(op.now, x.ticket,
             x.what == decision::kind::wait_timeout ? acquire_reply::wait_timeout
                                                    : acquire_reply::lease_expired);
      continue;
    }
    auto waited = unpark(x.ticket);
    tell_leases(waited.lease, x.token);
    auto reply = granted(op.now, *lock_.find(op.now, x.owner));
    reply.waited = op.now - waited.since;
    env_.log.debug("granted: key={} owner={} ticket={} token={} for={:.3f}s waited={:.3f}s",
                   quoted{name_}, quoted{x.owner}, x.ticket, x.token, seconds(reply.ttl),
                   seconds(reply.waited));
    deliver(waited.promise, std::move(reply));
  }
  if (waiting_ && waiting_->empty())
    waiting_.reset();
  keep_up(op.now);
}

void key::keep_up(time_point now) {
  if (auto count = lock_.holders().size(); count != holders_) {
    counts_.holders += count - holders_; // unsigned, so a difference below zero fits, too
    holders_ = count;
  }
  if (auto due = lock_.next_deadline()) {
    wake_up_.no_later_than(*due);
  } else if (lock_.idle()) { // else it is held without an end
    // Its heir would not know of what is not settled yet.
    if (now - last_used_ < env_.key_idle_timeout)
      wake_up_.no_later_than(last_used_ + env_.key_idle_timeout);
    else if (!settled())
      wake_up_.no_later_than(now + env_.key_idle_timeout);
    else
      compat::send(this, registry_, key_idle{name_, served_});
  }
}

key::parked key::unpark(ticket_id ticket) {
  auto result = std::move(waiting_->extract(ticket).mapped());
  --counts_.waiters;
  return result;
}

void key::refuse(time_point now, ticket_id ticket, errc status) {
  auto waited = unpark(ticket);
  tell_leases(waited.lease, 0);
  env_.log.debug("refused: key={} ticket={} status={} waited={:.3f}s", quoted{name_}, ticket,
                 row_of(status).id, seconds(now - waited.since));
  auto reply = refused(now, status, waited.explain);
  reply.waited = now - waited.since;
  deliver(waited.promise, std::move(reply));
}

void key::refuse_all(errc status) {
  auto now = env_.time.now();
  while (waiting_ && !waiting_->empty())
    refuse(now, waiting_->begin()->first, status);
}

void key::tell_leases(lease_id lease, std::uint64_t token) {
  if (lease != 0)
    compat::send(this, registry_, lease_answered{lease, name_, token});
}

} // namespace lockserver
