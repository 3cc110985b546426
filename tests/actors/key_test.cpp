#include "tests/support/catch.hpp"
#include "tests/support/lock_client.hpp"

using namespace lockserver;
using namespace lockserver::test;
using namespace std::chrono_literals;

namespace {

// The end of a grant that is made now and lasts `ttl`, as the answer says it.
std::int64_t wall_clock_after(lock_fixture& x, virtual_timers::duration ttl) {
  auto end = x.world.time().wall_now().time_since_epoch() + ttl;
  return std::chrono::duration_cast<std::chrono::microseconds>(end).count();
}

bool has_counts(const lock_fixture& x, std::size_t keys, std::size_t holders, std::size_t waiters) {
  CHECK(x.env.keys == keys);
  CHECK(x.counts.holders == holders);
  CHECK(x.counts.waiters == waiters);
  return x.env.keys == keys && x.counts.holders == holders && x.counts.waiters == waiters;
}

} // namespace

TEST_CASE("a free key is granted, with a token and the end of the grant by the wall clock") {
  lock_fixture x;
  x.world.advance(90s);
  auto a = x.ask->acquire("k", "a", 10s);
  x.world.run();
  REQUIRE(a->granted());
  CHECK(a->times == 1);
  CHECK(a->value->token == 1001);
  CHECK(a->value->expires_at == 1'479'000'100'000'000);
  CHECK(has_counts(x, 1, 1, 0));
}

TEST_CASE("a held key is refused to who does not wait, and its holder is known") {
  lock_fixture x;
  auto a = x.ask->acquire("k", "a", 10s);
  auto b = x.ask->acquire("k", "b", 10s);
  auto again = x.ask->acquire("k", "a", 10s, 5s);
  auto check = x.ask->check("k");
  auto right = x.ask->verify("k", "a");
  auto wrong = x.ask->verify("k", "b");
  x.world.run();
  CHECK(a->granted());
  CHECK(b->has(acquire_reply::held));
  CHECK(again->has(acquire_reply::already_held));
  CHECK(check->value == true);
  CHECK(right->value == true);
  CHECK(wrong->value == false);
}

TEST_CASE("a release frees the key, once and by its holder only") {
  lock_fixture x;
  x.ask->acquire("k", "a", 10s);
  auto other = x.ask->release("k", "b");
  auto first = x.ask->release("k", "a");
  auto second = x.ask->release("k", "a");
  auto check = x.ask->check("k");
  x.world.run();
  CHECK(other->value == false);
  CHECK(first->value == true);
  CHECK(second->value == false);
  CHECK(check->value == false);
  CHECK(has_counts(x, 1, 0, 0));
}

TEST_CASE("keys know nothing of each other") {
  lock_fixture x;
  auto a = x.ask->acquire("k1", "a", 10s);
  auto b = x.ask->acquire("k2", "a", 10s);
  x.world.run();
  CHECK(a->granted());
  CHECK(b->granted());
  CHECK(a->value->token != b->value->token);
  CHECK(has_counts(x, 2, 2, 0));
}

TEST_CASE("a waiter is granted when the holder releases") {
  lock_fixture x;
  x.ask->acquire("k", "a", 60s);
  auto b = x.ask->acquire("k", "b", 10s, 30s);
  auto twice = x.ask->acquire("k", "b", 10s, 30s);
  x.world.advance(5s);
  CHECK(twice->has(acquire_reply::already_waiting));
  CHECK(b->times == 0);
  CHECK(has_counts(x, 1, 1, 1));
  x.ask->release("k", "a");
  x.world.run();
  REQUIRE(b->granted());
  CHECK(b->value->expires_at == wall_clock_after(x, 10s));
  CHECK(has_counts(x, 1, 1, 0));
}

TEST_CASE("an expiry hands the lock over without any message arriving") {
  lock_fixture x;
  auto a = x.ask->acquire("k", "a", 10s);
  auto b = x.ask->acquire("k", "b", 10s, 60s);
  auto c = x.ask->acquire("k", "c", 10s, 60s);
  x.world.advance(10s - 1ns);
  CHECK(b->times == 0);
  x.world.advance(1ns);
  REQUIRE(b->granted());
  CHECK(b->value->expires_at == wall_clock_after(x, 10s));
  CHECK(b->value->token > a->value->token);
  CHECK(c->times == 0);
  x.world.advance(10s);
  REQUIRE(c->granted());
  CHECK(c->value->token > b->value->token);
  x.world.advance(10s);
  CHECK(x.counts.holders == 0);
}

TEST_CASE("a waiter that times out is refused at its deadline and never granted") {
  lock_fixture x;
  x.ask->acquire("k", "a", 10s);
  auto b = x.ask->acquire("k", "b", 10s, 4s);
  x.world.advance(4s - 1ns);
  CHECK(b->times == 0);
  x.world.advance(1ns);
  CHECK(b->has(acquire_reply::wait_timeout));
  CHECK(has_counts(x, 1, 1, 0));
  x.world.advance(20s);
  CHECK(b->times == 1);
  CHECK(x.counts.holders == 0);
}

TEST_CASE("a waiter whose deadline is the holder's expiry is granted") {
  lock_fixture x;
  x.ask->acquire("k", "a", 10s);
  auto b = x.ask->acquire("k", "b", 10s, 10s);
  x.world.advance(10s);
  CHECK(b->granted());
}

TEST_CASE("a lock is free from its expiry on, however late its timer is") {
  lock_fixture x;
  x.ask->acquire("k", "a", 10s);
  x.world.run();
  x.world.time().pass(10s); // fires nothing
  auto check = x.ask->check("k");
  auto verify = x.ask->verify("k", "a");
  auto release = x.ask->release("k", "a");
  x.world.run();
  CHECK(check->value == false);
  CHECK(verify->value == false);
  CHECK(release->value == false);
}

TEST_CASE("a request that comes before a late timer does not overtake a waiter") {
  lock_fixture x;
  x.ask->acquire("k", "a", 10s);
  auto b = x.ask->acquire("k", "b", 10s, 11s);
  x.world.run();
  x.world.time().pass(30s);
  auto c = x.ask->acquire("k", "c", 10s);
  x.world.run();
  CHECK(b->granted());
  CHECK(c->has(acquire_reply::held));
}

TEST_CASE("a jump of the wall clock ends no lock early and prolongs none") {
  lock_fixture x;
  x.ask->acquire("k", "a", 10s);
  x.world.run();
  x.world.time().set_wall_clock(24h);
  auto later = x.ask->verify("k", "a");
  x.world.run();
  CHECK(later->value == true);
  x.world.time().set_wall_clock(-48h);
  x.world.advance(10s);
  auto expired = x.ask->check("k");
  x.world.run();
  CHECK(expired->value == false);
}

TEST_CASE("a withdrawn waiter gets no grant, and the next in line is served") {
  lock_fixture x;
  x.ask->acquire("k", "a", 10s);
  auto b = x.ask->acquire("k", "b", 10s, 60s);
  auto c = x.ask->acquire("k", "c", 10s, 60s);
  x.world.run();
  x.ask->withdraw("k", b->ticket);
  x.world.run();
  CHECK(has_counts(x, 1, 1, 1));
  x.ask->release("k", "a");
  x.world.advance(90s);
  CHECK(!b->value);
  CHECK(c->granted());
}

TEST_CASE("who may not wait any longer is refused at once, and keeps what was granted") {
  lock_fixture x;
  auto a = x.ask->acquire("k", "a", 10s, 60s);
  auto b = x.ask->acquire("k", "b", 10s, 60s);
  auto c = x.ask->acquire("k", "c", 10s, 60s);
  x.ask->end_wait("k", a->ticket);
  x.ask->end_wait("k", b->ticket);
  x.ask->end_wait("k", 999);
  x.ask->end_wait("never used", b->ticket);
  x.world.run();
  CHECK(a->granted());
  REQUIRE(b->value);
  CHECK(b->value->status == acquire_reply::wait_timeout);
  CHECK(has_counts(x, 1, 1, 1));
  x.ask->release("k", "a");
  x.world.run();
  CHECK(c->granted());
}

TEST_CASE("a withdrawn grant passes to the next in line") {
  lock_fixture x;
  auto a = x.ask->acquire("k", "a", 10s);
  auto b = x.ask->acquire("k", "b", 10s, 60s);
  x.world.run();
  x.ask->withdraw("k", a->ticket);
  x.world.run();
  CHECK(b->granted());
  auto verify = x.ask->verify("k", "a");
  x.world.run();
  CHECK(verify->value == false);
}

TEST_CASE("a grant that somebody has been told of stays, but not if its connection held it") {
  lock_fixture x;
  auto a = x.ask->acquire("k", "a", 10s);
  auto b = x.ask->acquire("k", "b", 10s, 60s);
  auto verify = x.ask->verify("k", "a");
  x.ask->withdraw("k", a->ticket);
  x.world.run();
  CHECK(verify->value == true);
  CHECK(!b->granted());
  CHECK(has_counts(x, 1, 1, 1));
  auto again = x.ask->acquire("held", "a", 10s);
  auto next = x.ask->acquire("held", "b", 10s, 60s);
  verify = x.ask->verify("held", "a");
  x.ask->tell(withdraw_request{"held", again->ticket, withdrawal::held});
  x.world.run();
  CHECK(verify->value == true);
  CHECK(next->granted());
}

TEST_CASE("withdrawing what is unknown, released or refused does nothing") {
  lock_fixture x;
  x.ask->withdraw("never used", 1);
  auto a = x.ask->acquire("k", "a", 10s);
  auto b = x.ask->acquire("k", "b", 10s);
  x.ask->release("k", "a");
  auto c = x.ask->acquire("k", "c", 10s);
  x.ask->withdraw("k", a->ticket);
  x.ask->withdraw("k", b->ticket);
  x.ask->withdraw("k", 999);
  auto verify = x.ask->verify("k", "c");
  x.world.run();
  CHECK(c->granted());
  CHECK(verify->value == true);
  CHECK(has_counts(x, 1, 1, 0));
}

TEST_CASE("who waits when the server stops is told so, and nothing is left") {
  lock_fixture x;
  auto a1 = x.ask->acquire("k1", "a", 10s);
  auto b1 = x.ask->acquire("k1", "b", 10s, 60s);
  auto c1 = x.ask->acquire("k1", "c", 10s, 60s);
  x.ask->acquire("k2", "a", 10s);
  auto b2 = x.ask->acquire("k2", "b", 10s, 60s);
  x.world.run();
  CHECK(has_counts(x, 2, 2, 3));
  x.ask->tell(shut_down{});
  x.world.run();
  for (auto& waiter : {b1, c1, b2}) {
    CHECK(waiter->has(acquire_reply::stopping));
    CHECK(waiter->times == 1);
  }
  CHECK(a1->times == 1);
  CHECK(has_counts(x, 0, 0, 0));
  CHECK(x.world.time().empty());
  CHECK(x.world.actors() == x.own_actors - 1); // the registry has gone, too
}

TEST_CASE("a request after the stop fails at once instead of never") {
  lock_fixture x;
  x.ask->tell(shut_down{});
  x.world.run();
  auto a = x.ask->acquire("k", "a", 10s, 60s);
  x.world.run();
  CHECK(a->failed);
}

TEST_CASE("a busy key touches its timer once per time to live, not once per request") {
  lock_fixture x;
  for (int i = 0; i < 1000; ++i) {
    auto a = x.ask->acquire("k", "a", 3s);
    x.ask->release("k", "a");
    x.world.advance(1ms);
    REQUIRE(a->granted());
  }
  // One second has passed: the first grant, its idle time, the next grant.
  CHECK(x.world.time().sets() <= 3);
  CHECK(x.env.keys == 1);
}

TEST_CASE("a key that nobody uses any more is reaped after its idle time") {
  lock_fixture x;
  x.ask->acquire("k", "a", 10s);
  x.ask->release("k", "a");
  x.world.run();
  CHECK(x.keys_alive() == 1);
  x.world.advance(20s);
  CHECK(x.keys_alive() == 0);
  CHECK(has_counts(x, 0, 0, 0));
  CHECK(x.world.time().empty());
}

TEST_CASE("a key is reaped one idle time after its last use, be it expiry or request") {
  lock_fixture x{2s};
  x.ask->acquire("k", "a", 10s);
  x.world.advance(9s);
  CHECK(x.keys_alive() == 1);
  x.world.advance(1s); // expires; last used ten seconds ago
  CHECK(x.keys_alive() == 0);
  x.ask->acquire("k", "a", 1s);
  x.world.advance(1500ms);
  CHECK(x.keys_alive() == 1);
  x.ask->check("k");
  x.world.advance(2s - 1ns);
  CHECK(x.keys_alive() == 1);
  x.world.advance(1ns);
  CHECK(x.keys_alive() == 0);
}

TEST_CASE("asking about a free key does not make an actor for it") {
  lock_fixture x;
  auto check = x.ask->check("k");
  auto verify = x.ask->verify("k", "a");
  auto release = x.ask->release("k", "a");
  x.world.run();
  CHECK(check->value == false);
  CHECK(verify->value == false);
  CHECK(release->value == false);
  CHECK(x.keys_alive() == 0);
}

TEST_CASE("a key that is only looked at is reaped, too") {
  lock_fixture x;
  x.ask->acquire("k", "a", 10s);
  x.ask->release("k", "a");
  for (int i = 0; i < 20; ++i) {
    x.ask->check("k");
    x.world.advance(900ms);
    CHECK(x.keys_alive() == 1); // in use
  }
  x.world.advance(1s);
  CHECK(x.keys_alive() == 0);
}

TEST_CASE("a key without an idle time is reaped as soon as it is free") {
  lock_fixture x{0s};
  auto a = x.ask->acquire("k", "a", 10s);
  x.world.run();
  CHECK(x.keys_alive() == 1);
  x.ask->release("k", "a");
  x.world.run();
  CHECK(x.keys_alive() == 0);
  auto b = x.ask->acquire("k", "b", 10s);
  x.world.run();
  CHECK(b->granted());
  CHECK(b->value->token > a->value->token);
}
