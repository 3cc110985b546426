#include "actors/leases.hpp"

#include "actors/quoted.hpp"
#include "actors/random_name.hpp"

#include <spdlog/logger.h>

#include <algorithm>
#include <string_view>

namespace lockserver {

namespace {

// In the log a lease goes by the first digits of its name, since the whole is
// all that is needed to end it.
std::string_view short_name(const std::string& name) {
  return std::string_view{name}.substr(0, 8);
}

} // namespace

leases::leases(caf::actor_config& cfg, std::shared_ptr<const registries> keys,
               lock_environment& env)
  : leases_actor::base(cfg), keys_(std::move(keys)), env_(env), wake_up_(env.time, this) {
}

leases_actor::behavior_type leases::make_behavior() {
  return {
    [this](lease_acquire_request& x) { return acquire(x); },
    [this](const lease_create_request& x) { return create(x); },
    [this](const lease_renew_request& x) { return renew(x.lease); },
    [this](const lease_inspect_request& x) { return inspect(x); },
    [this](const lease_end_request& x) { return end(x.lease); },
    [this](withdraw_request& x) { compat::send(this, keys_->of(x.key), std::move(x)); },
    [this](const lease_answered& x) {
      change_share(x.lease, x.key, [&](share& has) {
        --has.unanswered;
        if (x.token != 0)
          has.tokens.insert(x.token);
      });
    },
    [this](const lease_released& x) {
      change_share(x.lease, x.key, [&](share& has) { has.tokens.erase(x.token); });
    },
    [this](const lease_regranted& x) { regrant(x); },
    [this](const restore_lease& x) {
      ++env_.leases;
      add(x.lease);
    },
    [this](shut_down) { quit(); },
    [this](deadline_reached) {
      wake_up_.arrived();
      expire();
      set_alarm();
    },
  };
}

void leases::on_exit() {
  wake_up_.clear();
  env_.leases -= leases_.size();
  keys_ = nullptr;
}

caf::result<acquire_reply> leases::acquire(lease_acquire_request& x) {
  acquire_reply refused;
  auto i = find(x.lease);
  if (i == leases_.end()) {
    refused.status = acquire_reply::lease_expired;
    return refused;
  }
  if (!i->second.owner.empty() && i->second.owner != x.request.owner) {
    refused.status = acquire_reply::wrong_owner;
    return refused;
  }
  ++i->second.keys[x.request.key].unanswered;
  x.request.lease = i->first;
  x.request.ttl = forever;
  auto& registry = keys_->of(x.request.key);
  return compat::delegate(this, registry, std::move(x.request));
}

caf::result<lease_reply> leases::create(const lease_create_request& x) {
  expire();
  lease_reply reply;
  if (env_.leases >= env_.max_leases) {
    reply.status = lease_reply::too_many_leases;
    return reply;
  }
  ++env_.leases;
  lease_record made{++last_id_, random_name(), x.owner, x.ttl,
                    env_.time.now().time_since_epoch() + x.ttl};
  return store(
    {lease_entry::made, made},
    [this, made] {
      env_.log.debug("lease made: lease={}… owner={}", short_name(made.name), quoted{made.owner});
      return add(made);
    },
    [this] { --env_.leases; });
}

// Its new time counts at once, whatever the disk takes; nobody is told of it before
// it is stored.
caf::result<lease_reply> leases::renew(const std::string& name) {
  auto i = find(name);
  if (i == leases_.end())
    return lease_reply{};
  auto& [id, x] = *i;
  auto after = env_.time.now() + x.ttl;
  set_expiry(x, id, after);
  return store(
    {lease_entry::renewed, {id, name, x.owner, x.ttl, after.time_since_epoch()}},
    [this, name, after] {
      auto renewed = find(name);
      if (renewed == leases_.end())
        return lease_reply{};
      renewed->second.promised = after;
      return lease_reply{lease_reply::alive, name, renewed->second.ttl};
    },
    [this, name, after] {
      auto renewed = find(name);
      if (renewed != leases_.end() && renewed->second.expires_at == after) {
        set_expiry(renewed->second, renewed->first, renewed->second.promised);
        set_alarm();
      }
    });
}

// Whose question names a key has had a grant, and asks how long that lasts; others
// want to see all locks, and of those the keys have told before they are stored.
caf::result<lease_reply> leases::inspect(const lease_inspect_request& question) {
  auto i = find(question.lease);
  lease_reply reply;
  if (i != leases_.end()) {
    auto& x = i->second;
    reply = {lease_reply::alive, x.name, x.promised - env_.time.now(), true};
    if (question.key.empty())
      for (auto& [key, has] : x.keys)
        for (auto token : has.tokens)
          reply.locks.push_back({key, token});
  }
  if (!env_.journal || !question.key.empty())
    return reply;
  return compat::delegate(this, env_.journal, durable<lease_reply>{{}, std::move(reply)});
}

caf::result<lease_reply> leases::end(const std::string& name) {
  auto i = find(name);
  if (i == leases_.end())
    return lease_reply{};
  return store(
    {lease_entry::ended, {.id = i->first, .name = name}},
    [this, name] {
      auto ended = find(name);
      if (ended == leases_.end())
        return lease_reply{};
      env_.log.debug("lease ended: lease={}… owner={}", short_name(name),
                     quoted{ended->second.owner});
      remove(ended);
      return lease_reply{lease_reply::alive, name};
    },
    [] {});
}

template <class F, class G>
caf::result<lease_reply> leases::store(lease_entry what, F f, G undo) {
  if (!env_.journal)
    return f();
  lease_reply refused;
  refused.status = lease_reply::store_failed;
  if (!env_.writable()) {
    undo();
    return refused;
  }
  auto promise = make_response_promise<lease_reply>();
  auto refuse = [undo, refused, promise]() mutable {
    undo();
    promise.deliver(std::move(refused));
  };
  compat::request(this, env_.journal, std::move(what))
    .then(
      [f, promise, refuse](bool stored) mutable {
        if (stored)
          promise.deliver(f());
        else
          refuse();
      },
      [refuse](const caf::error&) mutable { refuse(); });
  return promise;
}

lease_reply leases::add(const lease_record& x) {
  last_id_ = std::max(last_id_, x.id);
  time_point expires_at{x.expires_at};
  by_name_.emplace(x.name, x.id);
  by_expiry_.emplace(expires_at, x.id);
  leases_.emplace(x.id, entry{x.name, x.owner, x.ttl, expires_at, expires_at, {}});
  set_alarm();
  return {lease_reply::alive, x.name, x.ttl};
}

void leases::set_expiry(entry& x, lease_id id, time_point expires_at) {
  by_expiry_.erase({x.expires_at, id});
  x.expires_at = expires_at;
  by_expiry_.emplace(expires_at, id);
}

// A key has gone back, or comes from the store: it may have a grant of a lease
// that has ended meanwhile.
void leases::regrant(const lease_regranted& x) {
  auto i = leases_.find(x.lease);
  if (i != leases_.end())
    i->second.keys[x.key].tokens.insert(x.token);
  else
    compat::send(this, keys_->of(x.key), lease_ended{x.key, x.lease});
}

// The lease of that name unless its time is over.
leases::lease_map::iterator leases::find(const std::string& name) {
  expire();
  auto i = by_name_.find(name);
  return i == by_name_.end() ? leases_.end() : leases_.find(i->second);
}

void leases::expire() {
  auto now = env_.time.now();
  leases_expired expired;
  while (!by_expiry_.empty() && by_expiry_.begin()->first <= now) {
    auto i = leases_.find(by_expiry_.begin()->second);
    env_.log.debug("lease expired: lease={}… owner={}", short_name(i->second.name),
                   quoted{i->second.owner});
    expired.ids.push_back(i->first);
    remove(i);
  }
  if (!env_.journal || expired.ids.empty())
    return;
  compat::send(this, env_.journal, std::move(expired));
}

void leases::remove(lease_map::iterator x) {
  auto& [id, gone] = *x;
  for (auto& [key, has] : gone.keys)
    compat::send(this, keys_->of(key), lease_ended{key, id});
  by_expiry_.erase({gone.expires_at, id});
  by_name_.erase(gone.name);
  leases_.erase(x);
  --env_.leases;
}

// What comes when the lease has ended is of no interest any more.
template <class F>
void leases::change_share(lease_id id, const std::string& key, F change) {
  auto i = leases_.find(id);
  if (i == leases_.end())
    return;
  auto& keys = i->second.keys;
  auto has = keys.find(key);
  if (has == keys.end())
    return;
  change(has->second);
  if (has->second.unanswered == 0 && has->second.tokens.empty())
    keys.erase(has);
}

void leases::set_alarm() {
  if (!by_expiry_.empty())
    wake_up_.no_later_than(by_expiry_.begin()->first);
}

} // namespace lockserver
