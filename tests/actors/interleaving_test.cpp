#include "tests/support/catch.hpp"
#include "tests/support/lock_client.hpp"
#include "tests/support/seed.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace lockserver;
using namespace lockserver::test;
using namespace std::chrono_literals;

namespace {

// Several clients at several keys, at random: actors take turns at random,
// time passes at random, timers are late at random.
class random_clients {
public:
  explicit random_clients(std::uint64_t seed) : random_(seed), x_(random_.below(3) * 1s) {
    x_.world.steps().shuffle(seed);
    for (int i = 0; i < num_clients; ++i)
      clients_.push_back(x_.new_client());
    x_.own_actors += num_clients;
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      auto action = random_.below(12);
      if (action < 4)
        acquire();
      else if (action == 10)
        acquire_with_lease();
      else if (action == 11)
        change_leases();
      else if (action < 6)
        release();
      else if (action < 7)
        withdraw();
      else if (action < 8)
        look();
      else if (action < 9)
        x_.world.time().pass(random_.below(1500) * 1ms); // timers come late
      else
        x_.world.advance(random_.below(1500) * 1ms);
      if (random_.below(4) == 0)
        x_.world.time().fire();
      for (auto n = random_.below(12); n > 0; --n)
        x_.world.steps().step();
    }
    x_.world.advance(120s);
  }

  // Checks what must hold whatever has happened.
  void judge() {
    std::size_t unanswered = 0;
    std::size_t answered_twice = 0;
    for (auto& x : asked_) {
      unanswered += x.answer->times == 0 && !x.withdrawn;
      answered_twice += x.answer->times > 1;
    }
    for (auto& x : looked_)
      unanswered += x->times != 1;
    for (auto& x : released_)
      unanswered += x.answer->times != 1;
    CHECK(unanswered == 0);
    CHECK(answered_twice == 0);
    check_for_two_holders();
    CHECK(x_.keys_alive() == 0);
    CHECK(x_.env.keys == 0);
    CHECK(x_.counts.holders == 0);
    CHECK(x_.counts.waiters == 0);
    CHECK(x_.env.leases == 0);
    CHECK(x_.world.time().empty());
  }

private:
  static constexpr int num_clients = 6;
  static constexpr int num_keys = 4;

  struct acquisition {
    std::string key;
    std::string owner;
    virtual_timers::duration ttl;
    std::size_t asker; // who asked; owners have other names
    std::shared_ptr<acquire_answer> answer;
    bool withdrawn = false;
    bool with_lease = false;
  };
  struct giving_back {
    std::string key;
    std::string owner;
    answer_ptr<bool> answer;
  };

  std::string any_key() {
    return "k" + std::to_string(random_.below(num_keys));
  }
  std::string any_owner() {
    return "o" + std::to_string(random_.below(5));
  }

  void acquire() {
    auto i = random_.below(num_clients);
    acquisition x{any_key(), any_owner(), (1 + random_.below(3000)) * 1ms, i, nullptr};
    x.answer = clients_[i]->acquire(x.key, x.owner, x.ttl, random_.below(3) * 1s);
    asked_.push_back(std::move(x));
  }

  void acquire_with_lease() {
    if (leases_.empty())
      return;
    auto& lease = leases_[random_.below(leases_.size())]->value;
    if (!lease)
      return;
    auto i = random_.below(num_clients);
    acquisition x{any_key(), any_owner(), {}, i, nullptr, false, true};
    acquire_request request;
    request.key = x.key;
    request.owner = x.owner;
    request.wait = random_.below(3) * 1s;
    x.answer = clients_[i]->acquire(x_.leases, lease->lease, std::move(request));
    asked_.push_back(std::move(x));
  }

  // Makes, renews, shows or ends a lease. Few at a time, so that they have much.
  void change_leases() {
    auto& asker = *clients_[random_.below(num_clients)];
    auto action = random_.below(6);
    if (leases_.empty() || action == 0) {
      leases_.push_back(asker.ask_any<lease_reply>(
        x_.leases, lease_create_request{"", (1 + random_.below(5)) * 1s}));
      return;
    }
    auto& lease
      = leases_[leases_.size() - 1 - random_.below(std::min<std::size_t>(leases_.size(), 3))]
          ->value;
    if (!lease)
      return;
    if (action < 3)
      asker.ask_any<lease_reply>(x_.leases, lease_renew_request{lease->lease});
    else if (action < 5)
      asker.ask_any<lease_reply>(x_.leases, lease_inspect_request{lease->lease});
    else
      asker.ask_any<lease_reply>(x_.leases, lease_end_request{lease->lease});
  }

  void release() {
    giving_back x{any_key(), any_owner(), nullptr};
    x.answer = clients_[random_.below(num_clients)]->release(x.key, x.owner);
    released_.push_back(std::move(x));
  }

  // One of the latest, from whom it came: so it cannot overtake the request.
  void withdraw() {
    if (asked_.empty())
      return;
    auto& x = asked_[asked_.size() - 1 - random_.below(std::min<std::size_t>(asked_.size(), 10))];
    x.withdrawn = true;
    if (x.with_lease) // the way that the request went
      clients_[x.asker]->tell_leases(x_.leases, withdraw_request{x.key, x.answer->ticket});
    else
      clients_[x.asker]->withdraw(x.key, x.answer->ticket);
  }

  void look() {
    auto& asker = *clients_[random_.below(num_clients)];
    looked_.push_back(random_.below(2) == 0 ? asker.check(any_key())
                                            : asker.verify(any_key(), any_owner()));
  }

  // A grant that was followed by another before its end must have been given
  // back: withdrawn, or by exactly one release that was answered with yes.
  void check_for_two_holders() {
    std::map<std::string, std::map<std::uint64_t, const acquisition*>> grants;
    for (auto& x : asked_)
      if (x.answer->granted())
        CHECK(grants[x.key].emplace(x.answer->value->token, &x).second);
    std::map<std::pair<std::string, std::string>, int> given_back;
    for (auto& x : released_)
      if (x.answer->value == true)
        ++given_back[{x.key, x.owner}];
    std::size_t too_early = 0;
    for (auto& [key, by_token] : grants) {
      const acquisition* before = nullptr;
      for (auto& [token, x] : by_token) {
        // No wall clock jumps here, so an end tells the beginning.
        auto since = x->answer->value->expires_at
                     - std::chrono::duration_cast<std::chrono::microseconds>(x->ttl).count();
        if (before != nullptr && !before->withdrawn && !before->with_lease && !x->with_lease
            && since < before->answer->value->expires_at && given_back[{key, before->owner}]-- == 0)
          ++too_early;
        before = x;
      }
    }
    CHECK(too_early == 0);
  }

  random_source random_;
  lock_fixture x_;
  std::vector<std::unique_ptr<client>> clients_;
  std::vector<acquisition> asked_;
  std::vector<answer_ptr<lease_reply>> leases_;
  std::vector<giving_back> released_;
  std::vector<answer_ptr<bool>> looked_;
};

} // namespace

TEST_CASE("in whatever order things happen, nobody holds a held lock and all are answered") {
  auto seed = random_seed();
  for (std::uint64_t i = 0; i < 200; ++i) {
    CAPTURE(seed + i);
    random_clients x{seed + i};
    x.run(300);
    x.judge();
  }
}

TEST_CASE("a long random life leaves nothing behind") {
  auto seed = random_seed();
  CAPTURE(seed);
  random_clients x{seed};
  x.run(20'000);
  x.judge();
}
