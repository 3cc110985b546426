// A `lock_fixture` with a journal and a store on disk, which fails on demand.
#pragma once

#include "tests/support/lock_client.hpp"
#include "tests/support/stored.hpp"
#include "tests/support/temporary_directory.hpp"

#include "actors/journal.hpp"

#include <cstddef>
#include <set>
#include <string>

namespace lockserver::test {

/// A store that fails on demand, and records what it was given.
class watched_store final : public store {
public:
  watched_store(const std::string& directory, sqlite_store::clock clock)
    : store_(directory, sync_mode::off, std::move(clock)) {
  }

  std::string commit(const store_batch& x) override {
    ++tries;
    if (!failing.empty())
      return failing;
    ++commits;
    for (auto& [key, grant] : x.grants)
      ever.insert(grant->token);
    return store_.commit(x);
  }
  std::string keep_time() override {
    return failing.empty() ? store_.keep_time() : failing;
  }
  std::string
  load(const std::function<void(lease_record&&)>& on_lease,
       const std::function<void(std::string&& key, grant_record&&)>& on_grant) const override {
    return store_.load(on_lease, on_grant);
  }
  std::uint64_t last_token() const override {
    return store_.last_token();
  }

  std::string failing; ///< Not empty: `commit` fails with this sentence.
  std::size_t tries = 0;
  std::size_t commits = 0;
  std::set<std::uint64_t> ever; ///< Tokens that have been stored.

private:
  sqlite_store store_;
};

struct durable_fixture : lock_fixture {
  explicit durable_fixture(std::chrono::steady_clock::duration key_idle_timeout
                           = std::chrono::seconds{1})
    : lock_fixture(key_idle_timeout), kept(directory.path(), clock()) {
    env.journal
      = caf::actor_cast<journal_actor>(world.system().spawn<lockserver::journal>(kept, keys, env));
    world.run();
    own_actors = world.actors();
  }

  ~durable_fixture() {
    ask.reset();
    compat::anon_send(registry, shut_down{});
    compat::anon_send(leases, shut_down{});
    world.run();
    compat::anon_send(env.journal, shut_down{});
    env.journal = nullptr;
    world.run();
  }

  /// The clock of a machine that is never suspended, in virtual time.
  sqlite_store::clock clock() {
    return [this] {
      using us = clock_reading::duration;
      auto now = std::chrono::duration_cast<us>(world.now().time_since_epoch());
      auto wall = world.time().wall_now().time_since_epoch();
      return clock_reading{"boot", now, now, std::chrono::duration_cast<us>(wall)};
    };
  }

  /// Runs all actors except the journal, as while a commit is under way.
  void run_until_journal() {
    world.steps().run_without("journal");
  }

  /// Lets more time pass than the store needs until it is tried again.
  void heal() {
    kept.failing.clear();
    world.advance(std::chrono::milliseconds{250});
  }

  lock_info look(const std::string& key) {
    auto answer = ask->ask_any<lock_info>(registry, inspect_request{key, true});
    world.run();
    REQUIRE(answer->value);
    return *answer->value;
  }
  /// The holders and their tokens, as "a 1001, b 1002".
  std::string holders(const std::string& key) {
    std::string result;
    for (auto& x : look(key).holders)
      result += (result.empty() ? "" : ", ") + x.owner + ' ' + std::to_string(x.token);
    return result;
  }
  /// All stored grants, as "key owner, key owner".
  std::string stored() const {
    return contents_of(kept).text();
  }

  temporary_directory directory;
  watched_store kept;
};

} // namespace lockserver::test
