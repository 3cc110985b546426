// The registry actor: finds, spawns and reaps the key actors of its share of
// the keys. Decides nothing about locks.
#pragma once

#include "actors/environment.hpp"
#include "lockserver/actors.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>

namespace lockserver {

class registry final : public registry_actor::base {
public:
  registry(caf::actor_config& cfg, const lock_environment& env, lock_counts& counts);

  registry_actor::behavior_type make_behavior() override;

  const char* name() const override {
    return "registry";
  }

  void on_exit() override;

private:
  struct entry {
    key_actor actor;
    std::uint64_t forwarded = 0; ///< Requests passed on to it so far.
  };

  const lock_environment& env_;
  lock_counts& counts_;
  std::unordered_map<std::string, entry> keys_;
};

} // namespace lockserver
