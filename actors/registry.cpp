#include "actors/registry.hpp"

#include "actors/key.hpp"

#include <string>
#include <utility>

namespace lockserver {

registry::registry(caf::actor_config& cfg, leases_actor leases, lock_environment& env,
                   lock_counts& counts)
  : registry_actor::base(cfg), leases_(std::move(leases)), env_(env), counts_(counts) {
}

registry_actor::behavior_type registry::make_behavior() {
  // The most frequent first: CAF 0.17 looks for the right one in this order.
  return {
    [this](acquire_request& x) { return acquire(x); },
    [this](release_request& x) {
      release_reply of_free_key;
      if (x.force)
        of_free_key.status = release_reply::not_held;
      return ask(x, std::move(of_free_key));
    },
    [this](renew_request& x) {
      acquire_reply of_free_key;
      of_free_key.status = acquire_reply::not_holder;
      return ask(x, std::move(of_free_key));
    },
    [this](check_request& x) { return ask(x, false); },
    [this](inspect_request& x) { return ask(x, lock_info{x.key}); },
    [this](withdraw_request& x) { tell(x); },
    [this](lease_ended& x) -> caf::result<void> {
      auto i = keys_.find(x.key);
      if (i == keys_.end())
        return caf::unit;
      ++i->second.forwarded;
      return compat::delegate(this, i->second.actor, std::move(x));
    },
    [this](const list_request& x) { return list(x); },
    [this](lease_inspect_request& x) -> caf::result<lease_reply> {
      return compat::delegate(this, leases_, std::move(x));
    },
    [this](lease_answered& x) { compat::send(this, leases_, std::move(x)); },
    [this](lease_released& x) { compat::send(this, leases_, std::move(x)); },
    [this](lease_regranted& x) { compat::send(this, leases_, std::move(x)); },
    [this](restore_key& x) { restore(x); },
    [this](const refuse_waiters&) {
      refused_up_to_.emplace(); // from the first key, whether or not it has begun before
      refuse_some();
    },
    [this](const key_idle& x) { on_idle(x); },
    [this](shut_down) {
      for (auto& [name, x] : keys_)
        compat::send(this, x.actor, shut_down{});
      quit();
    },
  };
}

void registry::on_exit() {
  names_.clear();
  keys_.clear();
  leases_ = nullptr;
}

caf::result<acquire_reply> registry::acquire(acquire_request& x) {
  auto i = keys_.find(x.key);
  if (i == keys_.end()) {
    if (env_.keys.fetch_add(1, std::memory_order_relaxed) >= env_.max_keys) {
      --env_.keys;
      if (x.lease != 0)
        compat::send(this, leases_, lease_answered{x.lease, x.key, 0});
      acquire_reply reply;
      reply.status = acquire_reply::too_many_keys;
      return reply;
    }
    i = spawn_key(x.key);
  }
  ++i->second.forwarded;
  return compat::delegate(this, i->second.actor, std::move(x));
}

registry::key_map::iterator registry::spawn_key(const std::string& name) {
  auto i = keys_.try_emplace(name).first;
  names_.insert(i->first);
  i->second.actor = spawn<key, caf::lazy_init>(caf::actor_cast<registry_actor>(this), env_, counts_,
                                               name);
  return i;
}

// Whatever the limits are: it held the key before.
void registry::restore(restore_key& x) {
  auto i = keys_.find(x.key);
  if (i == keys_.end()) {
    ++env_.keys;
    i = spawn_key(x.key);
  }
  ++i->second.forwarded;
  compat::send(this, i->second.actor, std::move(x));
}

void registry::refuse_some() {
  while (refused_up_to_ && refusing_.has_room()) {
    auto next = names_.upper_bound(*refused_up_to_);
    if (next == names_.end()) {
      refused_up_to_.reset();
      return;
    }
    refused_up_to_ = std::string{*next};
    auto& told = keys_.find(*refused_up_to_)->second;
    ++told.forwarded;
    refusing_.begin();
    auto on_heard = [this] {
      refusing_.end();
      refuse_some();
    };
    compat::request(this, told.actor, refuse_waiters{})
      .then(on_heard, [on_heard](const caf::error&) { on_heard(); });
  }
}

// What asks or frees needs no key actor that is not there: the lock is free.
template <class Reply, class Request>
caf::result<Reply> registry::ask(Request& x, Reply of_free_key) {
  auto i = keys_.find(x.key);
  if (i == keys_.end())
    return of_free_key;
  ++i->second.forwarded;
  return compat::delegate(this, i->second.actor, std::move(x));
}

template <class Message>
void registry::tell(Message& x) {
  auto i = keys_.find(x.key);
  if (i == keys_.end())
    return;
  ++i->second.forwarded;
  compat::send(this, i->second.actor, std::move(x));
}

key_names registry::list(const list_request& x) const {
  key_names result;
  // Nothing lies between a key and the same with a zero byte behind it, and no
  // key has one.
  auto i = x.after < x.prefix ? names_.lower_bound(x.prefix) : names_.upper_bound(x.after);
  for (; i != names_.end() && i->starts_with(x.prefix) && result.names.size() < x.limit; ++i)
    result.names.emplace_back(*i);
  return result;
}

void registry::on_idle(const key_idle& x) {
  auto i = keys_.find(x.key);
  // A late message of an earlier actor of this key must not end its heir.
  if (i == keys_.end() || i->second.actor != current_sender() || i->second.forwarded != x.served)
    return;
  compat::send(this, i->second.actor, shut_down{});
  names_.erase(i->first);
  keys_.erase(i);
}

} // namespace lockserver
