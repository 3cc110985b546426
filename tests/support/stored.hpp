// Reads stores, and simulates machines whose clocks a test sets.
#pragma once

#include "actors/rules/lock_queue.hpp"
#include "store/sqlite/sqlite_store.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lockserver::test {

/// The clocks of a machine that a test suspends, restarts and sets.
struct machine {
  clock_reading clocks{"first boot", std::chrono::seconds{5000}, std::chrono::seconds{5000},
                       std::chrono::seconds{1'479'000'000}};

  sqlite_store::clock clock() {
    return [this] { return clocks; };
  }
  void pass(clock_reading::duration x) {
    clocks.steady += x;
    clocks.boot += x;
    clocks.wall += x;
  }
  void restart(clock_reading::duration off) {
    clocks = {clocks.boot_id + "+", {}, {}, clocks.wall + off};
  }
};

/// A grant that is made at the present time of the machine.
inline grant_record grant_now(const machine& x, std::uint64_t token, std::string owner,
                              duration ttl) {
  grant_record result;
  result.token = token;
  result.owner = std::move(owner);
  result.since = x.clocks.steady;
  result.ttl = ttl;
  result.expires_at = ttl == forever ? forever : x.clocks.steady + ttl;
  return result;
}

inline lease_record lease_now(const machine& x, lease_id id, std::string name, duration ttl) {
  return {id, std::move(name), "owner", ttl, x.clocks.steady + ttl};
}

/// The whole content of a store.
struct contents {
  std::map<std::uint64_t, std::pair<std::string, grant_record>> grants; // by token
  std::map<lease_id, lease_record> leases;

  /// All grants, as "key owner, key owner", in the order of tokens.
  std::string text() const {
    std::string result;
    for (auto& [token, x] : grants)
      result += (result.empty() ? "" : ", ") + x.first + ' ' + x.second.owner;
    return result;
  }
};

inline contents contents_of(const store& x) {
  contents result;
  auto wrong = x.load([&](lease_record&& lease) { result.leases[lease.id] = std::move(lease); },
                      [&](std::string&& key, grant_record&& grant) {
                        auto token = grant.token;
                        result.grants[token] = {std::move(key), std::move(grant)};
                      });
  if (!wrong.empty())
    throw store_error{wrong};
  return result;
}

/// Commits grants and ends of grants. Returns why it could not.
inline std::string commit(store& x, const std::vector<std::pair<std::string, grant_record>>& grants,
                          std::vector<std::uint64_t> ended = {}) {
  store_batch batch;
  for (auto& [key, grant] : grants)
    batch.grants.emplace_back(key, &grant);
  batch.ended_grants = std::move(ended);
  return x.commit(batch).problem;
}

} // namespace lockserver::test
