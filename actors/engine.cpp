#include "actors/engine.hpp"

#include "actors/compat/hosting.hpp"
#include "actors/compat/messaging.hpp"
#include "actors/journal.hpp"
#include "actors/leases.hpp"
#include "actors/recovery.hpp"
#include "actors/registry.hpp"

namespace lockserver {

engine::engine(const settings& config, timers& time, compat::worker_pool* workers,
               spdlog::logger& log, store* kept, grant_listener* grants)
  : kept_(kept),
    env_{time,
         tokens_,
         log,
         config.key_idle_timeout,
         {config.max_waiters_per_key, config.max_holders_per_key},
         config.max_keys,
         {config.max_leases, config.max_locks_per_lease},
         {},
         {},
         workers},
    counts_(key_partitions),
    actors_(std::make_shared<registries>()) {
  env_.max_waits = max_waits(config);
  env_.grants = grants;
}

engine::~engine() = default;

void engine::start(caf::actor_system& sys) {
  if (kept_ != nullptr) {
    tokens_.stay_above(kept_->last_token());
    env_.journal
      = caf::actor_cast<journal_actor>(sys.spawn<journal, caf::detached>(*kept_, actors_, env_));
  }
  actors_->leases = caf::actor_cast<leases_actor>(sys.spawn<leases>(actors_, env_));
  for (auto& x : counts_)
    actors_->all.push_back(
      caf::actor_cast<registry_actor>(sys.spawn<registry>(actors_->leases, env_, x)));
}

std::string engine::recover(caf::actor_system& sys) {
  return lockserver::recover(*kept_, sys, *actors_, env_.log);
}

void engine::end() {
  for (auto& x : actors_->all)
    compat::anon_send(x, shut_down{});
  compat::anon_send(actors_->leases, shut_down{});
  actors_ = nullptr;
  if (!env_.journal)
    return;
  // Last, behind what the keys still have to tell it.
  for (auto n = env_.keys.load(); n != 0; n = env_.keys.load())
    env_.keys.wait(n);
  compat::anon_send(env_.journal, shut_down{});
  env_.journal = nullptr;
}

std::size_t engine::holders() const noexcept {
  std::size_t result = 0;
  for (auto& x : counts_)
    result += x.holders;
  return result;
}

std::size_t engine::waiters() const noexcept {
  std::size_t result = 0;
  for (auto& x : counts_)
    result += x.waiters;
  return result;
}

} // namespace lockserver
