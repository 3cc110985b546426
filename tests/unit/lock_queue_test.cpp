#include "tests/support/catch.hpp"
#include "tests/support/lock_rules.hpp"

using namespace lockserver;
using namespace lockserver::test;
using namespace std::chrono_literals;

using fixture = lock_rules;

// -- asking -------------------------------------------------------------------

TEST_CASE("a free lock is granted to whoever asks") {
  fixture x;
  CHECK(x.lock.idle());
  CHECK(x.acquire(5s, "a", 7, 10s) == acquire_outcome::granted);
  REQUIRE(x.holder() != nullptr);
  CHECK(x.holder()->owner == "a");
  CHECK(x.holder()->ticket == 7);
  CHECK(x.holder()->token == 1);
  CHECK(x.holder()->expires_at == at(15s));
  CHECK(!x.lock.idle());
  CHECK(x.decided().empty());
}

TEST_CASE("who does not want to wait for a held lock is told so at once") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  CHECK(x.acquire(1s, "b", 2, 10s, 0s) == acquire_outcome::held);
  CHECK(x.acquire(1s, "b", 3, 10s, -1ns) == acquire_outcome::held);
  CHECK(x.lock.waiting() == 0);
  CHECK(x.holder()->owner == "a");
}

TEST_CASE("locks are not re-entrant, and asking again does not prolong them") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  CHECK(x.acquire(1s, "a", 2, 99s) == acquire_outcome::already_held);
  CHECK(x.acquire(1s, "a", 3, 99s, 99s) == acquire_outcome::already_held);
  CHECK(x.holder()->ticket == 1);
  CHECK(x.holder()->expires_at == at(10s));
  CHECK(x.lock.waiting() == 0);
}

TEST_CASE("an owner waits for a lock once, and asking again does not move its place") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  CHECK(x.acquire(1s, "b", 2, 10s, 5s) == acquire_outcome::waiting);
  CHECK(x.acquire(2s, "b", 3, 10s, 5s) == acquire_outcome::already_waiting);
  CHECK(x.acquire(2s, "b", 4, 10s, 0s) == acquire_outcome::already_waiting);
  CHECK(x.lock.waiting() == 1);
  x.expire(6s);
  CHECK(x.decided() == decisions{refused(2, "b")});
}

TEST_CASE("who has been refused may ask again") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(1s, "b", 2, 10s, 1s);
  CHECK(x.acquire(2s, "b", 3, 10s, 1s) == acquire_outcome::waiting);
  CHECK(x.decided() == decisions{refused(2, "b")});
}

TEST_CASE("every grant has a token greater than those before, and refusals use none") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(0s, "b", 2, 10s);
  x.acquire(0s, "b", 3, 10s, 5s);
  CHECK(x.holder()->token == 1);
  x.release(1s, "a");
  CHECK(x.decided() == decisions{granted(3, "b", 2, 11s)});
  x.release(2s, "b");
  x.acquire(2s, "a", 4, 10s);
  CHECK(x.holder()->token == 3);
}

// -- releasing ----------------------------------------------------------------

TEST_CASE("a release frees the lock once") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  CHECK(x.release(1s, "a"));
  CHECK(x.lock.idle());
  CHECK(!x.release(1s, "a"));
  CHECK(x.acquire(1s, "b", 2, 10s) == acquire_outcome::granted);
  CHECK(!x.release(1s, "a"));
}

TEST_CASE("only the holder can release") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(0s, "b", 2, 10s, 5s);
  CHECK(!x.release(1s, "b"));
  CHECK(!x.release(1s, "c"));
  CHECK(!x.release(1s, ""));
  CHECK(x.holder()->owner == "a");
  CHECK(x.lock.waiting() == 1);
}

TEST_CASE("waiters are served first come, first served") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(1s, "b", 2, 10s, 60s);
  x.acquire(2s, "c", 3, 10s, 50s);
  x.acquire(3s, "d", 4, 10s, 40s);
  CHECK(x.release(4s, "a"));
  CHECK(x.decided() == decisions{granted(2, "b", 2, 14s)});
  CHECK(x.release(5s, "b"));
  CHECK(x.decided() == decisions{granted(3, "c", 3, 15s)});
  CHECK(x.acquire(6s, "a", 5, 10s, 40s) == acquire_outcome::waiting);
  CHECK(x.release(6s, "c"));
  CHECK(x.release(7s, "d"));
  CHECK(x.decided() == decisions{granted(4, "d", 4, 16s), granted(5, "a", 5, 17s)});
  CHECK(x.lock.waiting() == 0);
}

TEST_CASE("a release after the expiry releases nothing") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  CHECK(!x.release(10s, "a"));
  CHECK(x.lock.idle());
}

TEST_CASE("a release just before the expiry still counts") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  CHECK(x.release(10s - 1ns, "a"));
}

TEST_CASE("a release that comes too late still hands over to the next in line") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(0s, "b", 2, 10s, 60s);
  CHECK(!x.release(11s, "a"));
  CHECK(x.decided() == decisions{granted(2, "b", 2, 21s)});
}

// -- expiring -----------------------------------------------------------------

TEST_CASE("a lock is free from its expiry on") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  CHECK(x.lock.check(at(10s - 1ns)));
  CHECK(x.verify(10s - 1ns, "a"));
  CHECK(!x.verify(10s - 1ns, "b"));
  CHECK(!x.lock.check(at(10s)));
  CHECK(!x.verify(10s, "a"));
  CHECK(x.acquire(10s, "b", 2, 10s) == acquire_outcome::granted);
}

TEST_CASE("who held a lock may take it again once it has expired") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  CHECK(x.acquire(10s, "a", 2, 10s) == acquire_outcome::granted);
  CHECK(x.holder()->ticket == 2);
}

TEST_CASE("an expiry hands the lock over without anyone asking") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(1s, "b", 2, 3s, 60s);
  x.expire(10s - 1ns);
  CHECK(x.decided().empty());
  x.expire(10s);
  CHECK(x.decided() == decisions{granted(2, "b", 2, 13s)});
  x.expire(13s);
  CHECK(x.lock.idle());
}

TEST_CASE("the time of a waiter's grant starts with the grant, not with the request") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(1s, "b", 2, 2s, 60s);
  x.expire(10s);
  CHECK(x.decided() == decisions{granted(2, "b", 2, 12s)});
  CHECK(x.verify(11s, "b"));
}

TEST_CASE("whoever asks first after the expiry finds the next in line holding the lock") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(1s, "b", 2, 10s, 60s);
  CHECK(x.acquire(10s, "c", 3, 10s) == acquire_outcome::held);
  CHECK(x.decided() == decisions{granted(2, "b", 2, 20s)});
  CHECK(x.acquire(10s, "a", 4, 10s, 5s) == acquire_outcome::waiting);
  CHECK(x.acquire(10s, "b", 5, 10s, 5s) == acquire_outcome::already_held);
}

TEST_CASE("asking whether a lock is held changes nothing") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(1s, "b", 2, 10s, 60s);
  CHECK(!x.lock.check(at(20s)));
  CHECK(!x.verify(20s, "b"));
  CHECK(x.holder()->owner == "a");
  CHECK(x.lock.waiting() == 1);
}

// -- giving up ----------------------------------------------------------------

TEST_CASE("a waiter is refused when its wait is over") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(1s, "b", 2, 10s, 4s);
  x.expire(5s - 1ns);
  CHECK(x.decided().empty());
  x.expire(5s);
  CHECK(x.decided() == decisions{refused(2, "b")});
  CHECK(x.lock.waiting() == 0);
}

TEST_CASE("a waiter that gave up is never granted") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(1s, "b", 2, 10s, 4s);
  x.acquire(1s, "c", 3, 10s, 60s);
  x.expire(5s);
  x.decided();
  x.release(6s, "a");
  CHECK(x.decided() == decisions{granted(3, "c", 2, 16s)});
}

TEST_CASE("waiters give up in the order of their deadlines, not of their places") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(0s, "b", 2, 10s, 7s);
  x.acquire(0s, "c", 3, 10s, 5s);
  x.acquire(0s, "d", 4, 10s, 6s);
  x.expire(8s);
  CHECK(x.decided() == decisions{refused(3, "c"), refused(4, "d"), refused(2, "b")});
}
