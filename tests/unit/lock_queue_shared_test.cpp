// Shared holders, semaphores, and how they stand in line with exclusive ones.
#include "tests/support/catch.hpp"
#include "tests/support/lock_rules.hpp"

using namespace lockserver;
using namespace lockserver::test;
using namespace std::chrono_literals;

TEST_CASE("shared requests are granted together, each with its own token and time") {
  lock_rules x;
  CHECK(x.share(0s, "a", 1, 10s) == acquire_outcome::granted);
  CHECK(x.share(1s, "b", 2, 5s) == acquire_outcome::granted);
  CHECK(x.holders() == "a b");
  CHECK(x.lock.holders()[1].token == 2);
  CHECK(x.lock.next_deadline() == at(6s));
  x.expire(6s);
  CHECK(x.holders() == "a");
  CHECK(x.ended() == endings{{"b", 2, 0, 2, true}});
  CHECK(x.lock.next_deadline() == at(10s));
}

TEST_CASE("an exclusive request waits until all shared holders are gone") {
  lock_rules x;
  x.share(0s, "a", 1, 10s);
  x.share(0s, "b", 2, 20s);
  CHECK(x.acquire(1s, "w", 3, 10s) == acquire_outcome::held);
  CHECK(x.acquire(1s, "w", 4, 10s, 60s) == acquire_outcome::waiting);
  CHECK(x.release(2s, "b"));
  CHECK(x.decided().empty());
  x.expire(10s);
  CHECK(x.decided() == decisions{granted(4, "w", 3, 20s)});
  CHECK(x.holder()->mode == lock_mode::exclusive);
}

TEST_CASE("a shared request does not overtake an exclusive one that came first") {
  lock_rules x;
  x.share(0s, "a", 1, 10s);
  x.acquire(1s, "w", 2, 10s, 60s);
  CHECK(x.share(2s, "b", 3, 10s) == acquire_outcome::held);
  CHECK(x.share(2s, "b", 4, 10s, 60s) == acquire_outcome::waiting);
  CHECK(x.line() == "w b");
  x.release(3s, "a");
  CHECK(x.decided() == decisions{granted(2, "w", 2, 13s)});
  x.release(4s, "w");
  CHECK(x.decided() == decisions{granted(4, "b", 3, 14s)});
}

TEST_CASE("neighbouring shared waiters are granted together, others behind not") {
  lock_rules x;
  x.acquire(0s, "w", 1, 10s);
  x.share(1s, "a", 2, 10s, 60s);
  x.share(1s, "b", 3, 10s, 60s);
  x.acquire(1s, "v", 4, 10s, 60s);
  x.share(1s, "c", 5, 10s, 60s);
  x.release(2s, "w");
  CHECK(x.decided() == decisions{granted(2, "a", 2, 12s), granted(3, "b", 3, 12s)});
  CHECK(x.line() == "v c");
}

TEST_CASE("shared waiters are granted when the exclusive one before them gives up") {
  lock_rules x;
  x.share(0s, "a", 1, 60s);
  SECTION("because its wait is over") {
    x.acquire(1s, "w", 2, 10s, 5s);
    x.share(2s, "b", 3, 10s, 60s);
    x.expire(6s);
    CHECK(x.decided() == decisions{refused(2, "w"), granted(3, "b", 2, 16s)});
  }
  SECTION("because its client is gone") {
    x.acquire(1s, "w", 2, 10s, 60s);
    x.share(2s, "b", 3, 10s, 60s);
    CHECK(x.withdraw(6s, 2));
    CHECK(x.decided() == decisions{granted(3, "b", 2, 16s)});
  }
  CHECK(x.holders() == "a b");
}

TEST_CASE("a semaphore has no more holders than its limit, first come, first served") {
  lock_rules x;
  CHECK(x.share(0s, "a", 1, 10s, 0s, 2) == acquire_outcome::granted);
  CHECK(x.share(0s, "b", 2, 10s, 0s, 2) == acquire_outcome::granted);
  CHECK(x.share(0s, "c", 3, 10s, 0s, 2) == acquire_outcome::held);
  x.share(1s, "c", 4, 10s, 60s, 2);
  x.share(1s, "d", 5, 10s, 60s, 2);
  x.release(2s, "a");
  CHECK(x.decided() == decisions{granted(4, "c", 3, 12s)});
  CHECK(x.lock.limit() == 2);
  x.expire(10s);
  CHECK(x.decided() == decisions{granted(5, "d", 4, 20s)});
  CHECK(x.holders() == "c d");
}

TEST_CASE("a semaphore of another size is refused to who does not wait") {
  lock_rules x;
  x.share(0s, "a", 1, 10s, 0s, 2);
  CHECK(x.share(1s, "b", 2, 10s, 0s, 3) == acquire_outcome::limit_mismatch);
  CHECK(x.share(1s, "b", 3, 10s, 0s) == acquire_outcome::limit_mismatch);
  CHECK(x.acquire(1s, "b", 4, 10s) == acquire_outcome::held);
  CHECK(x.share(10s, "b", 5, 10s, 0s, 3) == acquire_outcome::granted);
  CHECK(x.lock.limit() == 3);
}

TEST_CASE("who wants another size waits until the last holder of the old one is gone") {
  lock_rules x;
  x.share(0s, "a", 1, 10s, 0s, 2);
  x.share(1s, "b", 2, 20s, 0s, 2);
  CHECK(x.share(2s, "c", 3, 30s, 60s, 3) == acquire_outcome::waiting);
  CHECK(x.share(3s, "d", 4, 30s, 60s, 3) == acquire_outcome::waiting);
  x.expire(10s);
  CHECK(x.decided().empty());
  CHECK(x.lock.limit() == 2);
  x.release(15s, "b");
  CHECK(x.decided() == decisions{granted(3, "c", 3, 45s), granted(4, "d", 4, 45s)});
  CHECK(x.lock.limit() == 3);
  CHECK(x.share(16s, "e", 5, 10s, 0s, 3) == acquire_outcome::granted);
  CHECK(x.share(16s, "f", 6, 10s, 0s, 2) == acquire_outcome::limit_mismatch);
}

TEST_CASE("who wants the old size stands behind those who want the new one") {
  lock_rules x;
  x.share(0s, "a", 1, 10s, 0s, 2);
  x.share(1s, "b", 2, 10s, 60s, 3);
  // It would fit to the holder, but came later.
  CHECK(x.share(2s, "c", 3, 10s, 60s, 2) == acquire_outcome::waiting);
  CHECK(x.share(2s, "d", 4, 10s, 0s, 2) == acquire_outcome::held);
  x.expire(10s);
  CHECK(x.decided() == decisions{granted(2, "b", 2, 20s)});
  x.expire(20s);
  CHECK(x.decided() == decisions{granted(3, "c", 3, 30s)});
  CHECK(x.lock.limit() == 2);
}

TEST_CASE("the size of a semaphore is that of its holders, whatever others wait for") {
  lock_rules x;
  x.acquire(0s, "w", 1, 10s);
  CHECK(x.share(1s, "a", 2, 10s, 60s, 2) == acquire_outcome::waiting);
  CHECK(x.share(2s, "b", 3, 10s, 60s, 3) == acquire_outcome::waiting);
  CHECK(x.share(2s, "c", 4, 10s, 0s, 3) == acquire_outcome::held);
  CHECK(x.lock.limit() == 0);
  x.expire(10s);
  CHECK(x.decided() == decisions{granted(2, "a", 2, 20s)});
  CHECK(x.lock.limit() == 2);
}

TEST_CASE("a wait for another size ends at its deadline") {
  lock_rules x;
  x.share(0s, "a", 1, 10s, 0s, 2);
  x.share(1s, "b", 2, 10s, 5s, 3);
  x.expire(6s);
  CHECK(x.decided() == decisions{refused(2, "b")});
  CHECK(x.share(7s, "c", 3, 10s, 0s, 2) == acquire_outcome::granted);
}

TEST_CASE("a refusal as already held names the grant") {
  lock_rules x;
  x.acquire(0s, "a", 1, 10s);
  auto [outcome, has] = x.lock.acquire(at(4s), {"a", 2, 99s, 99s}, x.out);
  CHECK(outcome == acquire_outcome::already_held);
  REQUIRE(has != nullptr);
  CHECK(has->token == 1);
  CHECK(has->expires_at == at(10s));
}

TEST_CASE("shared locks are not re-entrant either") {
  lock_rules x;
  x.share(0s, "a", 1, 10s);
  CHECK(x.share(1s, "a", 2, 10s, 60s) == acquire_outcome::already_held);
  CHECK(x.acquire(1s, "a", 3, 10s, 60s) == acquire_outcome::already_held);
}

TEST_CASE("of shared holders that end at one instant all go before anyone is granted") {
  lock_rules x;
  x.share(0s, "a", 1, 10s);
  x.share(0s, "b", 2, 10s);
  x.acquire(0s, "w", 3, 10s, 10s);
  x.expire(10s);
  CHECK(x.decided() == decisions{granted(3, "w", 3, 20s)});
}

TEST_CASE("more shared holders than the server allows wait") {
  lock_rules x;
  x.limits.max_holders = 2;
  x.share(0s, "a", 1, 10s);
  x.share(0s, "b", 2, 10s);
  CHECK(x.share(0s, "c", 3, 10s) == acquire_outcome::held);
  CHECK(x.share(0s, "c", 4, 10s, 60s) == acquire_outcome::waiting);
  x.release(1s, "a");
  CHECK(x.decided() == decisions{granted(4, "c", 3, 11s)});
}

TEST_CASE("a line that is full takes nobody more") {
  lock_rules x;
  x.limits.max_waiters = 2;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(0s, "b", 2, 10s, 60s);
  x.acquire(0s, "c", 3, 10s, 5s);
  CHECK(x.acquire(1s, "d", 4, 10s, 60s) == acquire_outcome::too_many_waiters);
  CHECK(x.acquire(1s, "d", 5, 10s) == acquire_outcome::held);
  CHECK(x.acquire(5s, "d", 6, 10s, 60s) == acquire_outcome::waiting);
}
