// Users, clients and a network that do whatever comes into their heads.

#include "tests/support/catch.hpp"
#include "tests/support/client_world.hpp"
#include "tests/support/seed.hpp"

#include <map>
#include <random>

using namespace lockserver;
using namespace std::chrono_literals;
using test::client_world;

namespace {

// One user, and what it has reason to believe.
struct party {
  struct wish {
    std::string key;
    std::shared_ptr<test::outcome<lock_grant>> got;
    bool released = false; // asked for, whatever came of it
  };

  std::unique_ptr<test::user> self;
  std::vector<wish> wishes;
  std::vector<std::shared_ptr<test::outcome<bool>>> releases;

  bool was_told_of_loss(const lock_grant& x) const {
    for (auto& y : self->lost())
      if (y.token == x.token)
        return true;
    return false;
  }

  bool believes_in(const std::string& key) const {
    for (auto& x : wishes)
      if (x.key == key && x.got->value && !x.released && !was_told_of_loss(*x.got->value))
        return true;
    return false;
  }
};

class chaos {
public:
  /// @param one_sided connections also break for one side alone; then no lock hangs
  ///        on a connection, of which two would believe to have it.
  chaos(std::uint64_t seed, bool one_sided) : random_(seed), one_sided_(one_sided) {
    for (int i = 0; i < 2; ++i)
      clients_.push_back(world_.new_client());
    for (int i = 0; i < 5; ++i)
      parties_.push_back(std::make_unique<party>());
    for (auto& x : parties_)
      x->self = world_.new_user(clients_[pick(2)]);
  }

  void step() {
    switch (pick(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        acquire(*parties_[pick(parties_.size())]);
        break;
      case 4:
      case 5:
        release(*parties_[pick(parties_.size())]);
        break;
      case 6:
        if (pick(4) == 0)
          die(*parties_[pick(parties_.size())]);
        break;
      case 7:
        if (pick(3) == 0)
          break_connections();
        break;
      case 8:
        world_.net.silent = pick(4) == 0;
        break;
      default:
        world_.net.up = world_.net.up || pick(2) == 0;
        world_.world.advance(std::chrono::milliseconds{pick(3) == 0 ? pick(9000) : pick(200)});
    }
    // Now and then the next thing happens while messages are on their way.
    if (pick(3) != 0)
      world_.world.run();
    else
      for (auto i = pick(10); i > 0; --i)
        world_.world.steps().step();
  }

  void check() {
    world_.world.run();
    for (auto& key : keys) {
      int believers = 0;
      for (auto& x : parties_)
        believers += x->believes_in(key) ? 1 : 0;
      CHECK(believers <= 1);
    }
  }

  void finish() {
    world_.net.up = true;
    world_.net.silent = false;
    world_.world.advance(60s);
    for (auto& x : parties_) {
      for (auto& y : x->wishes)
        CHECK(y.got->times == 1);
      for (auto& y : x->releases)
        CHECK(y->times == 1);
      for (auto& key : keys) // who believes is right
        if (x->believes_in(key))
          CHECK(!world_.is_free(key));
    }
    std::map<std::uint64_t, int> tokens;
    for (auto& x : parties_)
      for (auto& y : x->wishes)
        if (y.got->value)
          CHECK(++tokens[y.got->value->token] == 1);
    for (auto& x : parties_)
      x->self->end();
    world_.world.advance(60s);
    for (auto& key : keys) {
      CHECK(world_.is_free(key));
      CHECK(world_.look(key).queue.empty());
    }
  }

private:
  std::size_t pick(std::size_t n) {
    return std::uniform_int_distribution<std::size_t>{0, n - 1}(random_);
  }

  void break_connections() {
    switch (one_sided_ ? pick(3) : 0) {
      case 0:
        return world_.net.cut();
      case 1:
        return world_.net.cut_server_side();
      default:
        return world_.net.cut_client_side();
    }
  }

  void acquire(party& who) {
    acquire_lock x{keys[pick(keys.size())]};
    x.ttl = std::chrono::milliseconds{500 + pick(10'000)};
    x.wait = pick(2) == 0 ? 0s : std::chrono::milliseconds{pick(20'000)};
    x.hold = static_cast<hold_mode>(pick(3));
    if (x.hold == hold_mode::connection && one_sided_)
      x.hold = hold_mode::session;
    auto key = x.key;
    who.wishes.push_back({key, who.self->acquire(std::move(x))});
  }

  void release(party& who) {
    auto& key = keys[pick(keys.size())];
    if (!who.believes_in(key))
      return;
    for (auto& x : who.wishes)
      if (x.key == key && x.got->value)
        x.released = true;
    who.releases.push_back(who.self->release(key));
  }

  // Another one takes its place.
  void die(party& who) {
    who.self->end();
    world_.world.run();
    who.wishes.clear();
    who.releases.clear();
    who.self = world_.new_user(clients_[pick(2)]);
  }

  const std::vector<std::string> keys{"a", "b"};
  std::mt19937_64 random_;
  const bool one_sided_;
  client_world world_;
  std::vector<lockserver::client_actor> clients_;
  std::vector<std::unique_ptr<party>> parties_;
};

} // namespace

TEST_CASE("whatever happens, no two users believe in the same lock, and each gets its answers") {
  auto first = test::random_seed();
  for (std::uint64_t seed = first; seed < first + 200; ++seed) {
    INFO("seed " << seed);
    chaos x{seed, seed % 2 == 0};
    for (int i = 0; i < 150; ++i) {
      x.step();
      if (i % 3 == 0)
        x.check();
    }
    x.finish();
  }
}
