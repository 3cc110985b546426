#include "actors/registry.hpp"

#include "actors/key.hpp"

#include <spdlog/logger.h>

#include <string>
#include <utility>

namespace lockserver {

namespace {

// Soon, without a load on a machine that is short of memory.
constexpr auto retry_pause = std::chrono::milliseconds{100};

} // namespace

registry::registry(caf::actor_config& cfg, leases_actor leases, lock_environment& env,
                   lock_counts& counts)
  : registry_actor::base(cfg), share_{std::move(leases), counts}, env_(env) {
  left_.reserve(100);
}

registry_actor::behavior_type registry::make_behavior() {
  // The most frequent first: CAF 0.17 looks for the right one in this order.
  return guarded(
    *this, [](registry& self, acquire_request& x) { return self.acquire(x); },
    [](registry& self, release_request& x) {
      release_reply of_free_key;
      if (x.force)
        of_free_key.status = release_reply::not_held;
      return self.ask(x, std::move(of_free_key));
    },
    [](registry& self, renew_request& x) {
      acquire_reply of_free_key;
      of_free_key.status = acquire_reply::not_holder;
      return self.ask(x, std::move(of_free_key));
    },
    [](registry& self, check_request& x) { return self.ask(x, false); },
    [](registry& self, inspect_request& x) { return self.ask(x, lock_info{x.key}); },
    [](registry& self, withdraw_request& x) { self.tell<withdraw_request>(x); },
    [](registry& self, lease_ended& x) -> caf::result<void> {
      auto* known = self.keys_.find(x.key);
      if (known == nullptr)
        return caf::unit;
      key_notice notice{std::move(x)};
      return self.pass_on<void>(*known, notice);
    },
    [](registry& self, const list_request& x) { return self.answer(x, self.list(x)); },
    [](registry& self, restore_key& x) { self.restore(x); },
    [](registry& self, roll_back_key& x) {
      // Else it has ended by a fault, and the journal must not wait for it.
      if (!self.tell<key_notice>(x))
        compat::send(&self, self.env_.journal, key_rolled_back{std::move(x.key)});
    },
    [](registry& self, const refuse_waiters&) {
      self.refused_up_to_.emplace(); // from the first key, whether or not it has begun before
      self.refuse_some();
    },
    [](registry& self, const key_idle& x) { self.on_idle(x); },
    [](registry& self, deadline_reached) {
      self.wake_up_.arrived();
      self.reap_left();
    },
    [](registry& self, shut_down) {
      self.keys_.for_each([&self](entry& x) { compat::send(&self, x.actor, shut_down{}); });
      self.quit();
    });
}

void registry::on_exit() {
  wake_up_.clear();
  keys_.clear();
  left_.clear();
}

void registry::on_exception() noexcept {
  log_exception(env_.log, "registry");
}

// Counted only when it is on its way: else the key would never count as idle.
template <class Reply, class Request>
caf::result<Reply> registry::pass_on(entry& to, Request& x) {
  auto result = compat::delegate(this, to.actor, std::move(x));
  ++to.forwarded;
  return result;
}

caf::result<acquire_reply> registry::acquire(acquire_request& x) {
  auto* known = keys_.find(x.key);
  auto is_new = known == nullptr;
  if (is_new) {
    if (env_.keys.fetch_add(1, std::memory_order_relaxed) >= env_.max_keys) {
      --env_.keys;
      acquire_reply reply;
      reply.status = acquire_reply::too_many_keys;
      return reply;
    }
    known = &spawn_key(x.key, counted_key{env_});
  }
  try {
    return pass_on<acquire_reply>(*known, x);
  } catch (...) {
    if (is_new) // it will hear of nothing that it could say to be idle after
      reap_later(*known);
    throw;
  }
}

registry::entry& registry::spawn_key(const std::string& name, counted_key counted) {
  try {
    auto& added = keys_.add(name);
    added.actor = compat::spawn_ready<key>(*this, std::move(counted),
                                           caf::actor_cast<registry_actor>(this), share_, env_,
                                           name);
    return added;
  } catch (...) {
    keys_.remove(name);
    throw;
  }
}

// Whatever the limits are: it held the key before.
void registry::restore(restore_key& x) {
  auto* known = keys_.find(x.key);
  if (known == nullptr) {
    ++env_.keys;
    known = &spawn_key(x.key, counted_key{env_});
  }
  compat::send(this, known->actor, key_notice{std::move(x)});
  ++known->forwarded;
}

void registry::refuse_some() {
  while (refused_up_to_ && refusing_.has_room()) {
    auto next = keys_.names().upper_bound(*refused_up_to_);
    if (next == keys_.names().end()) {
      refused_up_to_.reset();
      return;
    }
    std::string name{*next};
    auto& told = *keys_.find(name);
    auto on_heard = guarded_call(*this, [this] {
      refusing_.end();
      refuse_some();
    });
    compat::request(this, told.actor, key_notice{refuse_waiters{}})
      .then(on_heard, [on_heard](const caf::error&) { on_heard(); });
    ++told.forwarded;
    refused_up_to_ = std::move(name);
    refusing_.begin();
  }
}

// What asks or frees needs no key actor that is not there: the lock is free.
template <class Reply, class Request>
caf::result<Reply> registry::ask(Request& x, Reply of_free_key) {
  auto* known = keys_.find(x.key);
  return known == nullptr ? answer(x, std::move(of_free_key)) : pass_on<Reply>(*known, x);
}

// A key that is not there has nothing under way.
template <class Reply, class Request>
caf::result<Reply> registry::answer(const Request& x, Reply reply) {
  if (env_.may_tell())
    return reply;
  return compat::delegate(this, env_.journal, held_back(x, std::move(reply)));
}

// Sends it as a `Message`. Returns whether there was somebody to tell.
template <class Message, class Request>
bool registry::tell(Request& x) {
  auto* known = keys_.find(x.key);
  if (known == nullptr)
    return false;
  compat::send(this, known->actor, Message{std::move(x)});
  ++known->forwarded;
  return true;
}

key_names registry::list(const list_request& x) const {
  key_names result;
  // Nothing lies between a key and the same with a zero byte behind it, and no
  // key has one.
  auto& names = keys_.names();
  auto i = x.after < x.prefix ? names.lower_bound(x.prefix) : names.upper_bound(x.after);
  for (; i != names.end() && i->starts_with(x.prefix) && result.names.size() < x.limit; ++i)
    result.names.emplace_back(*i);
  return result;
}

void registry::on_idle(const key_idle& x) {
  auto* known = keys_.find(x.key);
  // A late message of an earlier actor of this key must not end its heir.
  if (known == nullptr || known->actor != current_sender())
    return;
  if (x.served == key_idle::has_ended)
    env_.log.error("a lock is lost, since its key has ended: key={}", x.key);
  else if (x.served != known->forwarded)
    return;
  try {
    compat::send(this, known->actor, shut_down{});
  } catch (...) {
    reap_later(*known);
    throw;
  }
  keys_.remove(x.key);
  reap_left();
}

// A key says once that it is idle. What comes to nothing by an exception would leave it
// there for good: it is asked to say so again a little later.
void registry::reap_later(const entry& x) noexcept {
  if (left_.size() < left_.capacity())
    left_.push_back(x.actor);
  try {
    wake_up_.no_later_than(env_.time.now() + retry_pause);
  } catch (...) { // the next key that ends takes it along
  }
}

void registry::reap_left() {
  for (; !left_.empty(); left_.pop_back())
    compat::send(this, left_.back(), deadline_reached{});
}

} // namespace lockserver
