#include "actors/registry.hpp"

#include "actors/key.hpp"

#include <utility>

namespace lockserver {

registry::registry(caf::actor_config& cfg, const lock_environment& env, lock_counts& counts)
  : registry_actor::base(cfg), env_(env), counts_(counts) {
}

registry_actor::behavior_type registry::make_behavior() {
  // What asks or frees needs no key actor that is not there: the lock is free.
  auto ask = [this](auto& x) -> caf::result<bool> {
    auto i = keys_.find(x.key);
    if (i == keys_.end())
      return false;
    ++i->second.forwarded;
    return compat::delegate(this, i->second.actor, std::move(x));
  };
  auto tell = [this](auto& x) {
    auto i = keys_.find(x.key);
    if (i == keys_.end())
      return;
    ++i->second.forwarded;
    compat::send(this, i->second.actor, std::move(x));
  };
  return {
    [this](acquire_request& x) -> caf::result<acquire_reply> {
      auto [i, is_new] = keys_.try_emplace(x.key);
      if (is_new) {
        i->second.actor = spawn<key, caf::lazy_init>(caf::actor_cast<registry_actor>(this), env_,
                                                     counts_, x.key);
        ++counts_.keys;
      }
      ++i->second.forwarded;
      return compat::delegate(this, i->second.actor, std::move(x));
    },
    [ask](release_request& x) { return ask(x); },
    [ask](verify_request& x) { return ask(x); },
    [ask](check_request& x) { return ask(x); },
    [tell](end_wait_request& x) { tell(x); },
    [tell](withdraw_request& x) { tell(x); },
    [this](const key_idle& x) {
      auto i = keys_.find(x.key);
      // A late message of an earlier actor of this key must not end its heir.
      if (i == keys_.end() || i->second.actor != current_sender()
          || i->second.forwarded != x.served)
        return;
      compat::send(this, i->second.actor, reap{});
      keys_.erase(i);
    },
    [this](shut_down) {
      for (auto& [name, x] : keys_)
        compat::send(this, x.actor, shut_down{});
      keys_.clear();
      quit();
    },
  };
}

void registry::on_exit() {
  keys_.clear();
}

} // namespace lockserver
