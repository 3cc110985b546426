// When the store fails: what is undone, who is told, and how it goes on.
#include "tests/support/catch.hpp"
#include "tests/support/durable_fixture.hpp"

using namespace lockserver;
using namespace lockserver::test;
using namespace std::chrono_literals;

namespace {

struct fixture : durable_fixture {
  answer_ptr<release_reply> release(const std::string& key, const std::string& owner) {
    return ask->ask_any<release_reply>(registry, release_request{key, owner});
  }
  answer_ptr<acquire_reply> renew(const std::string& key, const std::string& owner, duration ttl) {
    return ask->ask_any<acquire_reply>(registry, renew_request{key, owner, 0, ttl});
  }
  template <class Request>
  lease_reply about_lease(Request x) {
    auto answer = ask->ask_any<lease_reply>(leases, std::move(x));
    world.run();
    REQUIRE(answer->value);
    return *answer->value;
  }
  std::shared_ptr<acquire_answer> acquire_with(const std::string& lease, const std::string& key) {
    acquire_request request;
    request.key = key;
    request.owner = "l";
    return ask->acquire(leases, lease, request);
  }
  void fail() {
    kept.failing = "the disk is full";
  }
};

} // namespace

TEST_CASE("a grant that cannot be stored is refused, and the key is free") {
  fixture x;
  x.fail();
  auto a = x.ask->acquire("k", "a", 10s);
  x.world.run();
  CHECK(a->has(acquire_reply::store_failed));
  CHECK(!x.env.writable());
  CHECK(x.env.stored.problem() == "the disk is full");
  CHECK(x.holders("k").empty());
  CHECK(x.counts.holders == 0);
  x.heal();
  CHECK(x.env.writable());
  CHECK(x.env.stored.problem().empty());
  auto b = x.ask->acquire("k", "b", 10s);
  x.world.run();
  CHECK(b->granted());
  CHECK(x.stored() == "k b");
}

TEST_CASE("a release that cannot be stored changes nothing, and who waits is refused") {
  fixture x;
  auto a = x.ask->acquire("k", "a", 100s);
  auto b = x.ask->acquire("k", "b", 10s, 60s);
  auto c = x.ask->acquire("other", "c", 100s);
  auto d = x.ask->acquire("other", "d", 10s, 60s);
  x.world.run();
  auto before = x.holders("k");
  auto left = x.look("k").holders.front().ttl;
  x.fail();
  auto release = x.release("k", "a");
  x.world.run();
  CHECK(release->value->status == release_reply::store_failed);
  CHECK(b->has(acquire_reply::store_failed));
  CHECK(d->has(acquire_reply::store_failed));
  CHECK(x.holders("k") == before);
  CHECK(x.look("k").holders.front().ttl == left);
  CHECK(x.look("k").queue.empty());
  CHECK(x.look("other").queue.empty());
  CHECK(x.counts.waiters == 0);
  CHECK(x.stored() == "k a, other c");
  x.heal();
  auto again = x.release("k", "a");
  x.world.run();
  CHECK(again->value->status == release_reply::released);
  CHECK(x.stored() == "other c");
}

TEST_CASE("a renewal that cannot be stored leaves the grant its old end") {
  fixture x;
  x.ask->acquire("k", "a", 10s);
  x.world.run();
  x.fail();
  auto renewed = x.renew("k", "a", 60s);
  x.world.run();
  CHECK(renewed->value->status == acquire_reply::store_failed);
  CHECK(x.look("k").holders.front().ttl == 10s);
  x.world.advance(10s);
  CHECK(x.holders("k").empty());
  x.heal();
  CHECK(x.stored().empty());
}

TEST_CASE("what was decided behind a failed commit is refused as well") {
  fixture x;
  auto a = x.ask->acquire("k", "a", 100s);
  x.world.run();
  auto before = x.holders("k");
  x.fail();
  auto release = x.release("k", "a");
  x.run_until_journal();
  x.world.steps().step("journal"); // has the entry and the answer
  auto b = x.ask->acquire("k", "b", 100s);
  auto look = x.ask->verify("k", "b");
  x.run_until_journal();
  x.world.run();
  CHECK(release->value->status == release_reply::store_failed);
  CHECK(b->has(acquire_reply::store_failed));
  CHECK(look->value == false);
  CHECK(x.holders("k") == before);
  x.heal();
  CHECK(x.stored() == "k a");
}

TEST_CASE("a way back does not bring back the grant of a client that went meanwhile") {
  fixture x;
  auto a = x.ask->acquire("k", "a", 100s);
  auto b = x.ask->acquire("k", "b", 100s, 60s);
  x.world.run();
  x.fail();
  auto renewed = x.renew("k", "a", 200s);
  x.run_until_journal();
  x.ask->withdraw("k", a->ticket);
  x.world.run();
  CHECK(renewed->value->status == acquire_reply::store_failed);
  CHECK(b->has(acquire_reply::store_failed));
  CHECK(x.holders("k").empty());
  CHECK(x.stored() == "k a");
  x.heal();
  CHECK(x.stored().empty());
  x.world.advance(2s);
  CHECK(x.keys_alive() == 0);
}

TEST_CASE("while the store fails, looks are answered and changes refused at once") {
  fixture x;
  x.ask->acquire("k", "a", 100s);
  x.world.run();
  x.fail();
  x.ask->acquire("other", "b", 10s);
  x.world.run();
  auto tries = x.kept.tries;
  auto check = x.ask->check("k");
  auto acquire = x.ask->acquire("k", "b", 10s, 10s);
  auto release = x.release("k", "a");
  auto renew = x.renew("k", "a", 10s);
  x.run_until_journal();
  CHECK(check->value == true);
  CHECK(acquire->has(acquire_reply::store_failed));
  CHECK(release->value->status == release_reply::store_failed);
  CHECK(renew->value->status == acquire_reply::store_failed);
  CHECK(x.kept.tries == tries);
}

TEST_CASE("what ends by itself while the store fails stays ended, and is told when it is well") {
  fixture x;
  auto lease = x.about_lease(lease_create_request{"", 10s}).lease;
  x.ask->acquire("k", "a", 10s);
  x.acquire_with(lease, "l");
  auto gone = x.ask->acquire("g", "g", 100s);
  x.world.run();
  x.fail();
  x.ask->acquire("other", "b", 10s);
  x.world.run();
  x.ask->withdraw("g", gone->ticket);
  x.world.advance(10s);
  CHECK(x.holders("k").empty());
  CHECK(x.holders("l").empty());
  CHECK(x.holders("g").empty());
  CHECK(x.stored() == "k a, g g, l l");
  x.heal();
  CHECK(x.stored().empty());
  CHECK(contents_of(x.kept).leases.empty());
  auto b = x.ask->acquire("k", "b", 10s);
  x.world.run();
  CHECK(b->granted());
}

TEST_CASE("an expiry whose heir cannot be stored frees the key") {
  fixture x;
  x.ask->acquire("k", "a", 10s);
  auto b = x.ask->acquire("k", "b", 10s, 60s);
  x.world.advance(9s);
  x.fail();
  x.world.advance(1s);
  CHECK(b->has(acquire_reply::store_failed));
  CHECK(x.holders("k").empty());
  x.heal();
  CHECK(x.stored().empty());
}

TEST_CASE("a lease that cannot be made, renewed or ended is as before") {
  fixture x;
  auto lease = x.about_lease(lease_create_request{"", 10s}).lease;
  x.acquire_with(lease, "k");
  x.world.advance(4s);
  auto what = GENERATE(0, 1, 2);
  x.fail();
  lease_reply reply;
  if (what == 0)
    reply = x.about_lease(lease_create_request{"", 10s});
  else if (what == 1)
    reply = x.about_lease(lease_renew_request{lease});
  else
    reply = x.about_lease(lease_end_request{lease});
  CHECK(reply.status == lease_reply::store_failed);
  CHECK(x.env.leases == 1);
  auto seen = x.about_lease(lease_inspect_request{lease});
  CHECK(seen.ttl == 6s);
  CHECK(seen.locks.size() == 1);
  CHECK(!x.holders("k").empty());
  // And refused at once from now on.
  CHECK(x.about_lease(lease_end_request{lease}).status == lease_reply::store_failed);
  x.heal();
  CHECK(x.about_lease(lease_end_request{lease}).status == lease_reply::alive);
  x.world.run();
  CHECK(x.holders("k").empty());
  CHECK(x.stored().empty());
}

TEST_CASE("a look at a lease shows no lock that is not stored") {
  fixture x;
  auto lease = x.about_lease(lease_create_request{"", 10s}).lease;
  auto fails = GENERATE(false, true);
  if (fails)
    x.fail();
  auto grant = x.acquire_with(lease, "k");
  x.run_until_journal();
  auto look = x.ask->ask_any<lease_reply>(x.leases, lease_inspect_request{lease});
  x.run_until_journal();
  CHECK(!look->value);
  x.world.run();
  REQUIRE(look->value);
  if (fails) {
    CHECK(grant->has(acquire_reply::store_failed));
    CHECK(look->value->status == lease_reply::store_failed);
    auto later = x.about_lease(lease_inspect_request{lease}); // reads go on
    CHECK(later.status == lease_reply::alive);
    CHECK(later.locks.empty());
  } else {
    CHECK(grant->granted());
    CHECK(look->value->locks.size() == 1);
  }
}

TEST_CASE(
  "renewals of a lease that cannot be stored leave it its old end, and nobody is told more") {
  fixture x;
  auto lease = x.about_lease(lease_create_request{"", 10s}).lease;
  acquire_request request;
  request.key = "k";
  request.owner = "l";
  request.request_id = "r";
  x.ask->acquire(x.leases, lease, request);
  x.world.advance(4s);
  x.fail();
  auto first = x.ask->ask_any<lease_reply>(x.leases, lease_renew_request{lease});
  x.run_until_journal();
  x.world.time().pass(1s);
  auto second = x.ask->ask_any<lease_reply>(x.leases, lease_renew_request{lease});
  auto repeat = x.ask->acquire(x.leases, lease, request);
  x.run_until_journal();
  REQUIRE(repeat->granted());
  CHECK(repeat->value->ttl == 5s);
  x.world.run();
  CHECK(first->value->status == lease_reply::store_failed);
  CHECK(second->value->status == lease_reply::store_failed);
  CHECK(x.about_lease(lease_inspect_request{lease}).ttl == 5s);
  x.world.advance(5s);
  CHECK(x.env.leases == 0);
}

TEST_CASE("a lease still has the lock whose release could not be stored, not the failed grant") {
  fixture x;
  auto lease = x.about_lease(lease_create_request{"", 100s}).lease;
  x.acquire_with(lease, "k");
  x.world.run();
  x.fail();
  auto release = x.release("k", "l");
  x.world.run();
  CHECK(release->value->status == release_reply::store_failed);
  CHECK(x.about_lease(lease_inspect_request{lease}).locks.size() == 1);
  x.heal();
  x.fail();
  auto failed = x.acquire_with(lease, "k2");
  x.world.run();
  CHECK(failed->has(acquire_reply::store_failed));
  CHECK(x.about_lease(lease_inspect_request{lease}).locks.size() == 1);
  x.heal();
  x.about_lease(lease_end_request{lease});
  x.world.run();
  CHECK(x.holders("k").empty());
  CHECK(x.stored().empty());
}

TEST_CASE("a key that failed is reaped in the end, like others") {
  fixture x;
  x.fail();
  x.ask->acquire("k", "a", 10s);
  x.world.advance(10s);
  CHECK(x.keys_alive() == 0);
  CHECK(x.env.keys == 0);
}

TEST_CASE("a wall clock that is set is noted, or the store fails") {
  fixture x;
  x.ask->acquire("k", "a", 1h);
  x.world.run();
  auto before = x.kept.commits;
  x.world.time().set_wall_clock(24h);
  x.fail();
  x.world.advance(10s);
  CHECK(!x.env.writable());
  x.heal();
  CHECK(x.env.writable());
  CHECK(x.kept.commits > before);
}
