#include "actors/leases.hpp"

#include "actors/random_name.hpp"

#include <spdlog/logger.h>

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
    [this](const lease_inspect_request& x) { return inspect(x.lease); },
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

lease_reply leases::create(const lease_create_request& x) {
  expire();
  lease_reply reply;
  if (leases_.size() >= env_.max_leases) {
    reply.status = lease_reply::too_many_leases;
    return reply;
  }
  auto id = ++last_id_;
  auto name = random_name();
  auto expires_at = env_.time.now() + x.ttl;
  by_name_.emplace(name, id);
  by_expiry_.emplace(expires_at, id);
  leases_.emplace(id, entry{name, x.owner, x.ttl, expires_at, {}});
  ++env_.leases;
  set_alarm();
  env_.log.debug("lease made: lease={}… owner={}", short_name(name), x.owner);
  return {lease_reply::alive, std::move(name), x.ttl};
}

lease_reply leases::renew(const std::string& name) {
  auto i = find(name);
  if (i == leases_.end())
    return {};
  auto& x = i->second;
  by_expiry_.erase({x.expires_at, i->first});
  x.expires_at = env_.time.now() + x.ttl;
  by_expiry_.emplace(x.expires_at, i->first);
  return {lease_reply::alive, x.name, x.ttl};
}

lease_reply leases::inspect(const std::string& name) {
  auto i = find(name);
  if (i == leases_.end())
    return {};
  auto& x = i->second;
  lease_reply reply{lease_reply::alive, x.name, x.expires_at - env_.time.now(), true};
  for (auto& [key, has] : x.keys)
    for (auto token : has.tokens)
      reply.locks.push_back({key, token});
  return reply;
}

lease_reply leases::end(const std::string& name) {
  auto i = find(name);
  if (i == leases_.end())
    return {};
  env_.log.debug("lease ended: lease={}… owner={}", short_name(name), i->second.owner);
  remove(i);
  return {lease_reply::alive, name};
}

// The lease of that name unless its time is over.
leases::lease_map::iterator leases::find(const std::string& name) {
  expire();
  auto i = by_name_.find(name);
  return i == by_name_.end() ? leases_.end() : leases_.find(i->second);
}

void leases::expire() {
  auto now = env_.time.now();
  while (!by_expiry_.empty() && by_expiry_.begin()->first <= now) {
    auto i = leases_.find(by_expiry_.begin()->second);
    env_.log.debug("lease expired: lease={}… owner={}", short_name(i->second.name),
                   i->second.owner);
    remove(i);
  }
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
