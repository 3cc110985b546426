// A `lock_fixture` with a journal and a store on disk, which fails on demand.
#pragma once

#include "tests/support/lock_client.hpp"
#include "tests/support/stored.hpp"
#include "tests/support/temporary_directory.hpp"

#include "actors/journal.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace lockserver::test {

/// A store that can be told what to answer, and remembers what it was given.
class watched_store final : public store {
  sqlite_store store_;

public:
  /// @param boot_now tells the boot clock.
  watched_store(const std::string& directory, sqlite_store::clock clock,
                std::function<boot_clock::time_point()> boot_now)
    : store_(directory, sync_mode::off, std::move(clock)), boot_now_(std::move(boot_now)) {
  }

  commit_result commit(const store_batch& x) override {
    ++tries;
    if (auto no = refusal(); no.what != commit_result::stored)
      return no;
    ++commits;
    for (auto& [key, grant] : x.grants)
      ever.insert(grant->token);
    return renewed(store_.commit(x));
  }
  commit_result keep() override {
    ++keeps;
    auto no = refusal();
    return no.what != commit_result::stored ? no : renewed(store_.keep());
  }
  duration keep_interval() const override {
    return keep_pause;
  }
  boot_clock::time_point answers_until() const noexcept override {
    return until_;
  }
  duration gather() const override {
    return gathers;
  }
  void interrupt() noexcept override {
  }
  std::string
  load(const std::function<void(lease_record&&)>& on_lease,
       const std::function<void(std::string&& key, grant_record&&)>& on_grant) const override {
    return store_.load(on_lease, on_grant);
  }
  std::uint64_t last_token() const override {
    return store_.last_token();
  }
  std::uint64_t last_lease() const override {
    return store_.last_lease();
  }

  std::string failing; ///< Why all is refused, if it is.
  std::string lost;    ///< Why all is lost, if it is.
  duration keep_pause = store_.keep_interval();
  duration gathers{};
  /// For how long after a commit no other server can write; nothing: for ever.
  std::optional<duration> valid_for;
  std::size_t tries = 0;
  std::size_t commits = 0;
  std::size_t keeps = 0;
  std::set<std::uint64_t> ever; ///< Tokens that have been stored.

private:
  commit_result refusal() const {
    if (!lost.empty())
      return {commit_result::lost, lost};
    if (!failing.empty())
      return {commit_result::refused, failing};
    return {};
  }
  commit_result renewed(commit_result x) {
    if (x.what == commit_result::stored)
      until_ = valid_for ? boot_now_() + *valid_for : boot_clock::time_point::max();
    return x;
  }

  std::function<boot_clock::time_point()> boot_now_;
  boot_clock::time_point until_ = boot_clock::time_point::max();
};

struct durable_fixture : lock_fixture {
  explicit durable_fixture(std::chrono::steady_clock::duration key_idle_timeout
                           = std::chrono::seconds{1})
    : lock_fixture(key_idle_timeout),
      kept(directory.path(), clock(), [this] { return world.time().boot_now(); }) {
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
