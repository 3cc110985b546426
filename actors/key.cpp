#include "actors/key.hpp"

#include <spdlog/logger.h>

#include <utility>

namespace lockserver {

namespace {

double seconds(duration x) {
  return std::chrono::duration<double>{x}.count();
}

} // namespace

key::key(caf::actor_config& cfg, registry_actor registry, const lock_environment& env,
         lock_counts& counts, std::string name)
  : key_actor::base(cfg),
    registry_(std::move(registry)),
    env_(env),
    counts_(counts),
    name_(std::move(name)),
    lock_(env.tokens),
    wake_up_(env.time, this),
    last_used_(env.time.now()) {
}

key_actor::behavior_type key::make_behavior() {
  return {
    [this](const acquire_request& x) { return acquire(x); },
    [this](const release_request& x) {
      auto now = begin_request();
      lock_queue::decisions decided;
      auto released = lock_.release(now, x.owner, decided);
      if (released)
        env_.log.debug("released: key={} owner={}", name_, x.owner);
      settle_up(now, decided);
      return released;
    },
    [this](const verify_request& x) {
      auto now = begin_request();
      settle_up(now, {});
      return lock_.verify(now, x.owner);
    },
    [this](const check_request&) {
      auto now = begin_request();
      settle_up(now, {});
      return lock_.check(now);
    },
    [this](const end_wait_request& x) { end_wait(x.ticket); },
    [this](const withdraw_request& x) { withdraw(x.ticket); },
    [this](reap) { quit(); },
    [this](shut_down) {
      refuse_all(acquire_reply::stopping);
      quit();
    },
    [this](deadline_reached) {
      wake_up_.arrived();
      auto now = env_.time.now();
      if (auto* x = lock_.holder(); x != nullptr && x->expires_at <= now)
        env_.log.debug("expired: key={} owner={} token={}", name_, x->owner, x->token);
      lock_queue::decisions decided;
      lock_.expire(now, decided);
      settle_up(now, decided);
    },
  };
}

caf::result<acquire_reply> key::acquire(const acquire_request& x) {
  auto now = begin_request();
  lock_queue::decisions decided;
  auto outcome = lock_.acquire(now, x.owner, x.ticket, x.ttl, x.wait, decided);
  acquire_reply reply;
  switch (outcome) {
    case acquire_outcome::granted:
      reply = granted(now, *lock_.holder(), duration::zero());
      env_.log.debug("granted: key={} owner={} token={} for={:.3f}s", name_, x.owner, reply.token,
                     seconds(x.ttl));
      break;
    case acquire_outcome::waiting: {
      auto promise = make_response_promise<acquire_reply>();
      if (!waiting_)
        waiting_ = std::make_unique<std::unordered_map<ticket_id, parked>>();
      waiting_->emplace(x.ticket, parked{promise, now});
      ++counts_.waiters;
      env_.log.debug("waits: key={} owner={} ticket={} place={} for={:.3f}s", name_, x.owner,
                     x.ticket, lock_.waiting(), seconds(x.wait));
      settle_up(now, decided);
      return promise;
    }
    case acquire_outcome::held:
      reply.status = acquire_reply::held;
      break;
    case acquire_outcome::already_held:
      reply.status = acquire_reply::already_held;
      break;
    case acquire_outcome::already_waiting:
      reply.status = acquire_reply::already_waiting;
      break;
  }
  settle_up(now, decided);
  return reply;
}

void key::on_exit() {
  wake_up_.clear();
  registry_ = nullptr;
  if (held_)
    --counts_.holders;
  --counts_.keys;
}

void key::end_wait(ticket_id ticket) {
  auto now = begin_request();
  lock_queue::decisions decided;
  if (waiting_ && waiting_->contains(ticket)) {
    lock_.withdraw(now, ticket, decided);
    refuse(now, ticket, acquire_reply::wait_timeout);
  }
  settle_up(now, decided);
}

void key::withdraw(ticket_id ticket) {
  auto now = begin_request();
  lock_queue::decisions decided;
  if (lock_.withdraw(now, ticket, decided))
    env_.log.debug("withdrawn: key={} ticket={}, its client is gone", name_, ticket);
  if (waiting_)
    counts_.waiters -= waiting_->erase(ticket);
  settle_up(now, decided);
}

time_point key::begin_request() {
  ++served_;
  return last_used_ = env_.time.now();
}

acquire_reply key::granted(time_point now, const grant& x, duration waited) const {
  using std::chrono::duration_cast;
  using std::chrono::microseconds;
  auto wall = env_.time.wall_now().time_since_epoch() + (x.expires_at - now);
  return {acquire_reply::granted, x.token, duration_cast<microseconds>(wall).count(), waited};
}

// After whatever may have changed the lock: answer those whose wait is over,
// keep the counts, and see to it that the next deadline is not missed.
void key::settle_up(time_point now, const lock_queue::decisions& decided) {
  for (auto& x : decided) {
    if (!x.granted) {
      refuse(now, x.ticket, acquire_reply::wait_timeout);
      continue;
    }
    auto [promise, since] = unpark(x.ticket);
    env_.log.debug("granted: key={} owner={} ticket={} token={} for={:.3f}s waited={:.3f}s", name_,
                   x.owner, x.ticket, x.token, seconds(x.expires_at - now), seconds(now - since));
    promise.deliver(granted(now, *lock_.holder(), now - since));
  }
  if (waiting_ && waiting_->empty())
    waiting_.reset();
  if (held_ != (lock_.holder() != nullptr)) {
    held_ = !held_;
    if (held_)
      ++counts_.holders;
    else
      --counts_.holders;
  }
  if (auto due = lock_.next_deadline())
    wake_up_.no_later_than(*due);
  else if (now - last_used_ < env_.key_idle_timeout)
    wake_up_.no_later_than(last_used_ + env_.key_idle_timeout);
  else
    compat::send(this, registry_, key_idle{name_, served_});
}

key::parked key::unpark(ticket_id ticket) {
  auto result = std::move(waiting_->extract(ticket).mapped());
  --counts_.waiters;
  return result;
}

void key::refuse(time_point now, ticket_id ticket, std::uint8_t status) {
  auto [promise, since] = unpark(ticket);
  env_.log.debug("refused: key={} ticket={} status={} waited={:.3f}s", name_, ticket, status,
                 seconds(now - since));
  promise.deliver(acquire_reply{status, 0, 0, now - since});
}

void key::refuse_all(std::uint8_t status) {
  auto now = env_.time.now();
  while (waiting_ && !waiting_->empty())
    refuse(now, waiting_->begin()->first, status);
}

} // namespace lockserver
