// Whatever happens in whatever order, and whenever the store fails: what is
// acknowledged is stored, and what is stored is what the keys have.
#include "tests/support/catch.hpp"
#include "tests/support/durable_fixture.hpp"
#include "tests/support/seed.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

using namespace lockserver;
using namespace lockserver::test;
using namespace std::chrono_literals;

namespace {

class random_life {
public:
  explicit random_life(std::uint64_t seed) : random_(seed), x_(random_.below(3) * 1s) {
    x_.world.steps().shuffle(seed);
    // Sometimes a store that another server may take over, and one that gathers.
    if (random_.below(2) == 0)
      x_.kept.valid_for = 500ms;
    x_.kept.gathers = random_.below(2) * 1ms;
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      act();
      for (auto n = random_.below(14); n > 0; --n) {
        x_.world.steps().step();
        judge_acknowledged();
      }
    }
    x_.kept.gathers = {}; // no time passes while it is judged
    x_.heal();
    x_.world.run();
    x_.heal();
    judge_acknowledged();
    judge_stored();
    x_.world.advance(120s);
    CHECK(x_.stored().empty());
    CHECK(x_.keys_alive() == 0);
    CHECK(x_.env.leases == 0);
    CHECK(x_.counts.holders == 0);
    CHECK(x_.counts.waiters == 0);
    for (auto& x : acquired_)
      CHECK(x.answer->times == (x.withdrawn ? x.answer->times : 1));
    for (auto& x : released_)
      CHECK(x.answer->times == 1);
    for (auto& x : looked_)
      CHECK(x->times == 1);
  }

private:
  struct acquired {
    std::shared_ptr<acquire_answer> answer;
    std::string key;
    std::string owner;
    bool withdrawn = false;
    bool judged = false;
  };
  struct released {
    answer_ptr<release_reply> answer;
    std::uint64_t token; // which it was about
    bool judged = false;
  };

  std::string any_key() {
    return "k" + std::to_string(random_.below(3));
  }
  std::string any_owner() {
    return "o" + std::to_string(random_.below(4));
  }

  void act() {
    auto action = random_.below(20);
    if (action < 7) {
      acquire_request x;
      x.key = any_key();
      x.owner = any_owner();
      x.ttl = (1 + random_.below(4000)) * 1ms;
      x.wait = random_.below(2) * 2s;
      x.mode = static_cast<lock_mode>(random_.below(3) == 0);
      acquired result{nullptr, x.key, x.owner};
      auto* lease = any_lease();
      result.answer = lease != nullptr && random_.below(3) == 0
                        ? x_.ask->acquire(x_.leases, *lease, x)
                        : x_.ask->acquire(x);
      acquired_.push_back(result);
    } else if (action < 11 && !acquired_.empty()) {
      auto& x = any_acquired();
      auto token = x.answer->granted() ? x.answer->value->token : 0;
      if (token != 0)
        released_.push_back(
          {x_.ask->ask_any<release_reply>(x_.registry, release_request{x.key, x.owner, token}),
           token});
    } else if (action < 12 && !acquired_.empty()) {
      auto& x = any_acquired();
      x_.ask->ask_any<acquire_reply>(x_.registry, renew_request{x.key, x.owner, 0, 3s});
    } else if (action < 13 && !acquired_.empty()) {
      auto& x = any_acquired();
      x.withdrawn = true;
      x_.ask->withdraw(x.key, x.answer->ticket);
    } else if (action < 14) {
      looked_.push_back(x_.ask->verify(any_key(), any_owner()));
    } else if (action < 15) {
      made_.push_back(x_.ask->ask_any<lease_reply>(
        x_.leases, lease_create_request{"", (1 + random_.below(5)) * 1s}));
    } else if (action < 16) {
      if (auto* lease = any_lease()) {
        if (random_.below(3) == 0)
          x_.ask->ask_any<lease_reply>(x_.leases, lease_end_request{*lease});
        else
          x_.ask->ask_any<lease_reply>(x_.leases, lease_renew_request{*lease});
      }
    } else if (action < 18) {
      x_.kept.failing = random_.below(3) == 0 ? "no" : "";
    } else {
      x_.world.time().pass(random_.below(600) * 1ms);
      while (x_.world.time().fire()) {
      }
    }
  }

  acquired& any_acquired() {
    return acquired_[acquired_.size() - 1
                     - random_.below(std::min<std::size_t>(acquired_.size(), 8))];
  }
  const std::string* any_lease() {
    if (made_.empty())
      return nullptr;
    auto& x = made_[made_.size() - 1 - random_.below(std::min<std::size_t>(made_.size(), 3))];
    return x->value && x->value->status == lease_reply::alive ? &x->value->lease : nullptr;
  }

  // To be called after each step: what has just been acknowledged is stored.
  void judge_acknowledged() {
    for (auto& x : acquired_)
      if (!std::exchange(x.judged, x.answer->times > 0) && x.answer->granted())
        CHECK(x_.kept.ever.contains(x.answer->value->token));
    for (auto& x : released_)
      if (!std::exchange(x.judged, x.answer->times > 0) && x.answer->times > 0
          && x.answer->value->status == release_reply::released)
        CHECK(!contents_of(x_.kept).grants.contains(x.token));
  }

  // Nothing is under way: the keys have what is stored, and nothing else.
  void judge_stored() {
    std::map<std::string, std::set<std::uint64_t>> stored;
    std::map<std::string, std::set<std::uint64_t>> held;
    for (auto& [token, x] : contents_of(x_.kept).grants)
      stored[x.first].insert(token);
    for (auto* key : {"k0", "k1", "k2"}) {
      auto answer = x_.ask->ask_any<lock_info>(x_.registry, inspect_request{key, false});
      x_.world.run();
      REQUIRE(answer->value);
      for (auto& x : answer->value->holders)
        held[key].insert(x.token);
    }
    CHECK(held == stored);
  }

  random_source random_;
  durable_fixture x_;
  std::vector<acquired> acquired_;
  std::vector<released> released_;
  std::vector<answer_ptr<lease_reply>> made_;
  std::vector<answer_ptr<bool>> looked_;
};

} // namespace

TEST_CASE("whenever the store fails, keys and store agree in the end, and with what was said") {
  auto seed = random_seed();
  for (std::uint64_t i = 0; i < 60; ++i) {
    CAPTURE(seed + i);
    random_life x{seed + i};
    x.run(200);
  }
}
