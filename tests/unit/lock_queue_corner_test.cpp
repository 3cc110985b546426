#include "tests/support/catch.hpp"
#include "tests/support/lock_rules.hpp"

using namespace lockserver;
using namespace lockserver::test;
using namespace std::chrono_literals;

using fixture = lock_rules;

// -- at the same instant, and late --------------------------------------------

TEST_CASE("a waiter whose wait ends at the very expiry is granted") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(1s, "b", 2, 10s, 9s);
  x.expire(10s);
  CHECK(x.decided() == decisions{granted(2, "b", 2, 20s)});
}

TEST_CASE("a waiter whose wait ends just before the expiry is refused") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(1s, "b", 2, 10s, 9s - 1ns);
  x.expire(10s);
  CHECK(x.decided() == decisions{refused(2, "b")});
  CHECK(x.lock.idle());
}

TEST_CASE("a waiter whose wait ends at the very release is granted") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(1s, "b", 2, 10s, 4s);
  CHECK(x.release(5s, "a"));
  CHECK(x.decided() == decisions{granted(2, "b", 2, 15s)});
}

TEST_CASE("a waiter whose wait ended just before the release is refused") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(1s, "b", 2, 10s, 4s - 1ns);
  CHECK(x.release(5s, "a"));
  CHECK(x.decided() == decisions{refused(2, "b")});
  CHECK(x.lock.idle());
}

TEST_CASE("of two whose waits end when the lock becomes free, the first is granted") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(0s, "b", 2, 10s, 10s);
  x.acquire(0s, "c", 3, 10s, 10s);
  x.expire(10s);
  CHECK(x.decided() == decisions{granted(2, "b", 2, 20s), refused(3, "c")});
}

TEST_CASE("a late timer grants to whom a punctual one would have granted") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(0s, "b", 2, 10s, 9s);
  x.acquire(0s, "c", 3, 10s, 10s);
  x.acquire(0s, "d", 4, 10s, 11s);
  x.expire(30s);
  // The grant is made now, and so its time starts now.
  CHECK(x.decided() == decisions{refused(2, "b"), granted(3, "c", 2, 40s), refused(4, "d")});
}

TEST_CASE("a late operation reports who gave up before the expiry first, by deadline") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(0s, "b", 2, 10s, 60s);
  x.acquire(0s, "c", 3, 10s, 7s);
  x.acquire(0s, "d", 4, 10s, 5s);
  x.expire(30s);
  CHECK(x.decided() == decisions{refused(4, "d"), refused(3, "c"), granted(2, "b", 2, 40s)});
}

TEST_CASE("a request that meets a late timer does not overtake the line") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(0s, "b", 2, 10s, 11s);
  CHECK(x.acquire(30s, "c", 3, 10s, 5s) == acquire_outcome::waiting);
  CHECK(x.decided() == decisions{granted(2, "b", 2, 40s)});
}

TEST_CASE("a request that finds only waiters who gave up is granted") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(0s, "b", 2, 10s, 9s);
  CHECK(x.acquire(30s, "c", 3, 10s) == acquire_outcome::granted);
  CHECK(x.decided() == decisions{refused(2, "b")});
  CHECK(x.holder()->owner == "c");
}

// -- withdrawing --------------------------------------------------------------

TEST_CASE("a waiter that is withdrawn leaves the line without a decision") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(0s, "b", 2, 10s, 60s);
  x.acquire(0s, "c", 3, 10s, 60s);
  CHECK(x.withdraw(1s, 2));
  CHECK(!x.withdraw(1s, 2));
  CHECK(x.lock.waiting() == 1);
  x.release(2s, "a");
  CHECK(x.decided() == decisions{granted(3, "c", 2, 12s)});
}

TEST_CASE("a withdrawn owner may wait again, at the end of the line") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(0s, "b", 2, 10s, 60s);
  x.acquire(0s, "c", 3, 10s, 60s);
  x.withdraw(1s, 2);
  CHECK(x.acquire(1s, "b", 4, 10s, 60s) == acquire_outcome::waiting);
  x.release(2s, "a");
  CHECK(x.decided() == decisions{granted(3, "c", 2, 12s)});
}

TEST_CASE("withdrawing a granted request passes the lock on") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(0s, "b", 2, 10s, 60s);
  CHECK(x.withdraw(1s, 1));
  CHECK(x.decided() == decisions{granted(2, "b", 2, 11s)});
  CHECK(x.withdraw(2s, 2));
  CHECK(x.lock.idle());
}

TEST_CASE("withdrawing what is not there does nothing") {
  fixture x;
  CHECK(!x.withdraw(0s, 1));
  x.acquire(0s, "a", 1, 10s);
  x.acquire(0s, "b", 2, 10s);
  CHECK(!x.withdraw(1s, 2));
  CHECK(!x.withdraw(1s, 99));
  x.release(2s, "a");
  x.acquire(2s, "a", 3, 10s);
  CHECK(!x.withdraw(2s, 1)); // an earlier grant of the same owner
  CHECK(x.verify(2s, "a"));
}

TEST_CASE("a withdrawal after the expiry withdraws nothing, and the next in line is granted") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(0s, "b", 2, 10s, 60s);
  CHECK(!x.withdraw(10s, 1));
  CHECK(x.decided() == decisions{granted(2, "b", 2, 20s)});
}

TEST_CASE("a waiter withdrawn after the expiry is not granted on the way out") {
  fixture x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(0s, "b", 2, 10s, 60s);
  x.acquire(0s, "c", 3, 10s, 60s);
  CHECK(x.withdraw(30s, 2));
  CHECK(x.decided() == decisions{granted(3, "c", 2, 40s)});
}

// -- what comes next ----------------------------------------------------------

TEST_CASE("the next deadline is the earliest of the expiry and the waits") {
  fixture x;
  CHECK(x.lock.next_deadline() == std::nullopt);
  x.acquire(0s, "a", 1, 10s);
  CHECK(x.lock.next_deadline() == at(10s));
  x.acquire(0s, "b", 2, 10s, 60s);
  CHECK(x.lock.next_deadline() == at(10s));
  x.acquire(0s, "c", 3, 10s, 4s);
  CHECK(x.lock.next_deadline() == at(4s));
  x.acquire(0s, "d", 4, 10s, 3s);
  CHECK(x.lock.next_deadline() == at(3s));
  x.withdraw(1s, 4);
  CHECK(x.lock.next_deadline() == at(4s));
  x.expire(4s);
  CHECK(x.lock.next_deadline() == at(10s));
  x.release(5s, "a");
  CHECK(x.lock.next_deadline() == at(15s));
  x.release(6s, "b");
  CHECK(x.lock.next_deadline() == std::nullopt);
}

TEST_CASE("locks that share a token source never share a token") {
  lock_rules x;
  lock_queue other{x.tokens, x.limits};
  x.acquire(0s, "a", 1, 10s);
  auto granted = other.acquire(at(0s), {"a", 2, 10s}, x.out);
  CHECK(x.holder()->token == 1);
  CHECK(granted.has->token == 2);
}

TEST_CASE("who gives back while a late timer grants it the lock keeps what it is granted") {
  lock_rules x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(0s, "b", 2, 10s, 60s);
  SECTION("by its name") {
    CHECK(!x.release(12s, "b"));
  }
  SECTION("by force") {
    CHECK(!x.lock.release_all(at(12s), x.out));
  }
  CHECK(x.decided() == decisions{granted(2, "b", 2, 22s)});
  CHECK(x.holders() == "b");
}
