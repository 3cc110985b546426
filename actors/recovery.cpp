#include "actors/recovery.hpp"

#include <caf/scoped_actor.hpp>
#include <spdlog/logger.h>

#include <chrono>
#include <cstddef>
#include <utility>

namespace lockserver {

namespace {

// So many grants are sent before it is waited until registries have passed them
// on: else all of them would lie in mailboxes at a time.
constexpr std::size_t most_under_way = 1000;

} // namespace

std::string recover(const store& from, caf::actor_system& sys, const registries& keys,
                    spdlog::logger& log) {
  auto begin = std::chrono::steady_clock::now();
  caf::scoped_actor self{sys};
  compat::anon_send(keys.leases, used_lease_ids{from.last_lease()});
  // A registry has passed on all that came before when it answers this.
  auto wait_for = [&](const registry_actor& x) {
    compat::request(self.ptr(), x, check_request{}).receive([](bool) {}, [](const caf::error&) {});
  };
  std::size_t num_leases = 0;
  std::size_t num_grants = 0;
  auto problem = from.load(
    [&](lease_record&& x) {
      ++num_leases;
      compat::anon_send(keys.leases, restore_lease{std::move(x)});
    },
    [&](std::string&& key, grant_record&& x) {
      auto& registry = keys.of(key);
      restore_key message{std::move(key), {}};
      message.holders.push_back(std::move(x));
      compat::anon_send(registry, std::move(message));
      if (++num_grants % most_under_way == 0)
        wait_for(registry);
    });
  for (auto& x : keys.all)
    wait_for(x);
  log.info("recovered {} locks and {} leases in {:.3f}s", num_grants, num_leases,
           std::chrono::duration<double>{std::chrono::steady_clock::now() - begin}.count());
  return problem;
}

} // namespace lockserver
