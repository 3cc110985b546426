#include "tests/support/catch.hpp"
#include "tests/support/lock_client.hpp"

#include <string>

using namespace lockserver;
using namespace lockserver::test;
using namespace std::chrono_literals;

namespace {

struct fixture : lock_fixture {
  std::string make(virtual_timers::duration ttl, const std::string& owner = {}) {
    auto made = ask->ask_any<lease_reply>(leases, lease_create_request{owner, ttl});
    world.run();
    REQUIRE(made->value);
    REQUIRE(made->value->status == lease_reply::alive);
    return made->value->lease;
  }

  std::shared_ptr<acquire_answer> acquire(const std::string& lease, const std::string& key,
                                          const std::string& owner,
                                          virtual_timers::duration wait = {}) {
    acquire_request x;
    x.key = key;
    x.owner = owner;
    x.wait = wait;
    return ask->acquire(leases, lease, std::move(x));
  }

  template <class Request>
  lease_reply about(Request x) {
    auto answer = ask->ask_any<lease_reply>(leases, std::move(x));
    world.run();
    REQUIRE(answer->value);
    return *answer->value;
  }

  lock_info look(const std::string& key) {
    auto answer = ask->ask_any<lock_info>(registry, inspect_request{key, true});
    world.run();
    REQUIRE(answer->value);
    return *answer->value;
  }
};

} // namespace

TEST_CASE("a lease keeps its locks as long as it is renewed") {
  fixture x;
  auto lease = x.make(10s);
  auto a = x.acquire(lease, "k", "a");
  x.world.run();
  REQUIRE(a->granted());
  for (int i = 0; i < 10; ++i) {
    x.world.advance(9s);
    CHECK(x.about(lease_renew_request{lease}).ttl == 10s);
  }
  CHECK(x.look("k").holders.size() == 1);
  x.world.advance(10s);
  CHECK(x.look("k").holders.empty());
  CHECK(x.about(lease_renew_request{lease}).status == lease_reply::expired);
  CHECK(x.env.leases == 0);
}

TEST_CASE("the end of a lease releases all its locks and refuses its waiters at once") {
  fixture x;
  auto lease = x.make(60s);
  auto by_time = GENERATE(false, true);
  x.acquire(lease, "k1", "a");
  x.acquire(lease, "k2", "a");
  x.ask->acquire("k3", "h", 500s);
  auto next = x.ask->acquire("k1", "b", 10s, 300s);
  x.world.run();
  auto waiting = x.acquire(lease, "k3", "a", 300s);
  x.world.run();
  CHECK(!waiting->value);
  if (by_time)
    x.world.advance(60s);
  else
    CHECK(x.about(lease_end_request{lease}).status == lease_reply::alive);
  x.world.run();
  CHECK(waiting->has(acquire_reply::lease_expired));
  CHECK(next->granted());
  CHECK(x.look("k2").holders.empty());
  CHECK(x.about(lease_end_request{lease}).status == lease_reply::expired);
  x.ask->release("k3", "h");
  x.world.advance(1s);
  CHECK(x.look("k3").holders.empty());
  CHECK(waiting->times == 1);
}

TEST_CASE("a lease shows the locks that it has, and no others") {
  fixture x;
  auto lease = x.make(60s);
  auto a = x.acquire(lease, "k1", "a");
  auto b = x.acquire(lease, "k2", "a");
  x.ask->acquire("k3", "a", 10s);
  x.acquire(lease, "k3", "a");
  x.acquire(lease, "k3", "c", 30s);
  x.world.run();
  auto info = x.about(lease_inspect_request{lease});
  CHECK(info.locks.size() == 2);
  for (auto& lock : info.locks)
    CHECK(lock.token == (lock.key == "k1" ? a : b)->value->token);
  x.ask->release("k1", "a");
  x.world.run();
  info = x.about(lease_inspect_request{lease});
  REQUIRE(info.locks.size() == 1);
  CHECK(info.locks[0].key == "k2");
  x.world.advance(10s); // now k3 passes to the waiter with the lease
  CHECK(x.about(lease_inspect_request{lease}).locks.size() == 2);
  CHECK(x.about(lease_inspect_request{lease}).ttl == 50s);
}

TEST_CASE("nothing can be had with a lease that is unknown, over, or another's") {
  fixture x;
  auto unknown = x.acquire("feed", "k", "a");
  auto mine = x.make(10s, "me");
  auto other = x.acquire(mine, "k", "a");
  x.world.run();
  CHECK(unknown->has(acquire_reply::lease_expired));
  CHECK(other->has(acquire_reply::wrong_owner));
  // Over is over, however late the timer is.
  x.world.time().pass(10s);
  auto late = x.acquire(mine, "k", "me");
  x.world.run();
  CHECK(late->has(acquire_reply::lease_expired));
  CHECK(x.look("k").holders.empty());
}

TEST_CASE("what is withdrawn with a lease is gone, in whatever order things come") {
  fixture x;
  auto lease = x.make(60s);
  x.ask->acquire("k", "h", 500s);
  x.world.run();
  auto waiting = x.acquire(lease, "k", "a", 300s);
  // By way of the leases, behind the request.
  compat::anon_send(x.leases, withdraw_request{"k", waiting->ticket});
  x.world.run();
  x.ask->release("k", "h");
  x.world.run();
  CHECK(!waiting->value);
  CHECK(x.look("k").holders.empty());
  CHECK(x.about(lease_inspect_request{lease}).locks.empty());
}

TEST_CASE("there are no more leases than the server allows") {
  fixture x;
  x.env.lease_limits.max_leases = 2;
  x.make(10s);
  x.make(60s);
  CHECK(x.about(lease_create_request{"", 60s}).status == lease_reply::too_many_leases);
  x.world.advance(10s);
  CHECK(x.env.leases == 1);
  x.make(60s);
}

TEST_CASE("leases have names that nobody guesses") {
  fixture x;
  auto one = x.make(10s);
  auto other = x.make(10s);
  CHECK(one.size() == 32);
  CHECK(one.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(one.substr(0, 16) != other.substr(0, 16));
}
