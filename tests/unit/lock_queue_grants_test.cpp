// What a grant can have beside its time: tokens, renewals, repeats, leases.
#include "tests/support/catch.hpp"
#include "tests/support/lock_rules.hpp"

using namespace lockserver;
using namespace lockserver::test;
using namespace std::chrono_literals;

namespace {

lock_request with_id(const std::string& owner, ticket_id ticket, duration wait,
                     const std::string& request_id) {
  return {owner, ticket, 10s, wait, lock_mode::exclusive, 0, request_id};
}

lock_request with_lease(const std::string& owner, ticket_id ticket, duration wait, lease_id lease,
                        lock_mode mode = lock_mode::exclusive) {
  return {owner, ticket, forever, wait, mode, 0, {}, lease};
}

} // namespace

// -- tokens and renewals ------------------------------------------------------

TEST_CASE("a release with a token frees only the grant that has it") {
  lock_rules x;
  x.acquire(0s, "a", 1, 10s);
  CHECK(!x.release(1s, "a", 2));
  CHECK(x.holders() == "a");
  CHECK(x.release(1s, "a", 1));
  CHECK(x.lock.idle());
}

TEST_CASE("a renewal counts from now, keeps the token, and may shorten") {
  lock_rules x;
  x.acquire(0s, "a", 1, 10s);
  auto* renewed = x.lock.renew(at(4s), "a", 0, 10s, x.out);
  REQUIRE(renewed != nullptr);
  CHECK(renewed->expires_at == at(14s));
  CHECK(renewed->token == 1);
  CHECK(x.lock.next_deadline() == at(14s));
  CHECK(x.lock.renew(at(5s), "a", 1, 1s, x.out)->expires_at == at(6s));
  x.expire(6s);
  CHECK(x.lock.idle());
}

TEST_CASE("who does not hold it, or another token, cannot renew") {
  lock_rules x;
  x.acquire(0s, "a", 1, 10s);
  CHECK(x.lock.renew(at(1s), "b", 0, 10s, x.out) == nullptr);
  CHECK(x.lock.renew(at(1s), "a", 7, 10s, x.out) == nullptr);
  CHECK(x.lock.next_deadline() == at(10s));
  CHECK(x.lock.renew(at(10s), "a", 1, 10s, x.out) == nullptr);
  CHECK(x.lock.idle());
}

TEST_CASE("a waiter waits longer when the holder renews") {
  lock_rules x;
  x.acquire(0s, "a", 1, 10s);
  x.acquire(0s, "b", 2, 10s, 30s);
  x.lock.renew(at(9s), "a", 0, 10s, x.out);
  x.expire(10s);
  CHECK(x.decided().empty());
  x.expire(19s);
  CHECK(x.decided() == decisions{granted(2, "b", 2, 29s)});
}

TEST_CASE("a grant without an end lasts until it is released") {
  lock_rules x;
  x.acquire(0s, "a", 1, forever);
  CHECK(x.lock.next_deadline() == std::nullopt);
  CHECK(!x.lock.idle());
  x.expire(1'000'000h);
  CHECK(x.verify(1'000'000h, "a"));
  CHECK(x.release(1'000'001h, "a"));
}

TEST_CASE("by force all holders go, and the next in line is granted") {
  lock_rules x;
  x.share(0s, "a", 1, 10s);
  x.share(0s, "b", 2, 10s);
  x.acquire(0s, "w", 3, 10s, 60s);
  CHECK(x.lock.release_all(at(1s), x.out));
  CHECK(x.decided() == decisions{granted(3, "w", 3, 11s)});
  CHECK(x.lock.release_all(at(1s), x.out));
  CHECK(!x.lock.release_all(at(1s), x.out));
}

// -- repeats ------------------------------------------------------------------

TEST_CASE("a repeat of a granted request gets the same grant, not prolonged") {
  lock_rules x;
  x.acquire(0s, with_id("a", 1, 0s, "r"));
  auto repeat = x.lock.acquire(at(4s), with_id("a", 2, 0s, "r"), x.out);
  CHECK(repeat.outcome == acquire_outcome::granted);
  REQUIRE(repeat.has != nullptr);
  CHECK(repeat.has->token == 1);
  CHECK(repeat.has->expires_at == at(10s));
  CHECK(x.acquire(4s, with_id("a", 3, 0s, "other")) == acquire_outcome::already_held);
  CHECK(x.acquire(4s, with_id("a", 4, 0s, "")) == acquire_outcome::already_held);
  CHECK(x.acquire(4s, with_id("b", 5, 0s, "r")) == acquire_outcome::held);
}

TEST_CASE("a repeat of a waiting request shares its place, and both are answered") {
  lock_rules x;
  x.acquire(0s, "h", 1, 10s);
  x.acquire(1s, with_id("a", 2, 60s, "r"));
  x.acquire(2s, "b", 3, 10s, 60s);
  CHECK(x.acquire(3s, with_id("a", 4, 60s, "r")) == acquire_outcome::waiting);
  CHECK(x.acquire(3s, with_id("a", 5, 60s, "other")) == acquire_outcome::already_waiting);
  CHECK(x.line() == "a b");
  x.release(5s, "h");
  CHECK(x.decided() == decisions{granted(2, "a", 2, 15s), granted(4, "a", 2, 15s)});
}

TEST_CASE("each of two that share a place has its own deadline") {
  lock_rules x;
  x.acquire(0s, "h", 1, 60s);
  x.acquire(0s, with_id("a", 2, 5s, "r"));
  x.acquire(3s, with_id("a", 3, 5s, "r"));
  x.expire(5s);
  CHECK(x.decided() == decisions{refused(2, "a")});
  CHECK(x.line() == "a");
  x.expire(8s);
  CHECK(x.decided() == decisions{refused(3, "a")});
  CHECK(x.lock.waiting() == 0);
}

TEST_CASE("a place that is shared is kept until all who share it are withdrawn") {
  lock_rules x;
  x.acquire(0s, "h", 1, 60s);
  x.acquire(0s, with_id("a", 2, 60s, "r"));
  x.acquire(0s, with_id("a", 3, 60s, "r"));
  CHECK(x.withdraw(1s, 2));
  CHECK(x.line() == "a");
  CHECK(x.withdraw(1s, 3));
  CHECK(x.lock.waiting() == 0);
}

TEST_CASE("a grant that was asked for again outlives the connection of the first request") {
  lock_rules x;
  x.acquire(0s, with_id("a", 1, 0s, "r"));
  x.acquire(1s, with_id("a", 2, 0s, "r"));
  CHECK(x.withdraw(2s, 1));
  CHECK(x.verify(2s, "a"));
  CHECK(x.withdraw(3s, 2));
  CHECK(x.lock.idle());
}

TEST_CASE("a repeat after the end of the grant is a new request") {
  lock_rules x;
  x.acquire(0s, with_id("a", 1, 0s, "r"));
  x.expire(10s);
  CHECK(x.acquire(10s, with_id("a", 2, 0s, "r")) == acquire_outcome::granted);
  CHECK(x.holder()->token == 2);
}

TEST_CASE("any number of repeats takes up no more room") {
  lock_rules x;
  for (ticket_id i = 1; i < 1000; ++i)
    CHECK(x.acquire(0s, with_id("a", i, 0s, "r")) == acquire_outcome::granted);
  CHECK(x.holder()->more->repeats.size() < 10);
  x.acquire(0s, with_id("b", 1000, 60s, "r"));
  for (ticket_id i = 1001; i < 1008; ++i)
    CHECK(x.acquire(0s, with_id("b", i, 60s, "r")) == acquire_outcome::waiting);
  CHECK(x.acquire(0s, with_id("b", 2000, 60s, "r")) == acquire_outcome::waiting);
  CHECK(x.acquire(0s, with_id("b", 2001, 60s, "r")) == acquire_outcome::too_many_waiters);
}

// -- leases -------------------------------------------------------------------

TEST_CASE("the end of a lease ends its grant, and the next in line is granted") {
  lock_rules x;
  x.acquire(0s, with_lease("a", 1, 0s, 7));
  x.acquire(0s, "b", 2, 10s, 60s);
  x.lock.end_lease(at(5s), 8, x.out);
  CHECK(x.decided().empty());
  x.lock.end_lease(at(5s), 7, x.out);
  CHECK(x.decided() == decisions{granted(2, "b", 2, 15s)});
  CHECK(x.ended() == endings{{"a", 1, 7, 1, false}});
}

TEST_CASE("the end of a lease refuses who waits with it, and nobody else") {
  lock_rules x;
  x.acquire(0s, "h", 1, 10s);
  x.acquire(0s, with_lease("a", 2, 60s, 7));
  x.acquire(0s, "b", 3, 10s, 60s);
  x.acquire(0s, with_lease("c", 4, 60s, 7));
  x.lock.end_lease(at(1s), 7, x.out);
  CHECK(x.decided() == decisions{refused_for_lease(2, "a"), refused_for_lease(4, "c")});
  CHECK(x.line() == "b");
  CHECK(x.holders() == "h");
}

TEST_CASE("who waits with a lease that just ends is not granted by what that sets free") {
  lock_rules x;
  x.acquire(0s, with_lease("a", 1, 0s, 7));
  x.acquire(0s, with_lease("b", 2, 60s, 7));
  x.acquire(0s, "c", 3, 10s, 60s);
  x.lock.end_lease(at(1s), 7, x.out);
  CHECK(x.decided() == decisions{refused_for_lease(2, "b"), granted(3, "c", 2, 11s)});
}

TEST_CASE("of shared holders only those go that have the lease") {
  lock_rules x;
  x.acquire(0s, with_lease("a", 1, 0s, 7, lock_mode::shared));
  x.share(0s, "b", 2, 10s);
  x.acquire(0s, with_lease("c", 3, 0s, 7, lock_mode::shared));
  x.lock.end_lease(at(1s), 7, x.out);
  CHECK(x.holders() == "b");
  CHECK(x.ended().size() == 2);
}

TEST_CASE("a grant with a lease is not renewed but by it, and its release is told") {
  lock_rules x;
  x.acquire(0s, with_lease("a", 1, 0s, 7));
  REQUIRE(x.lock.renew(at(1s), "a", 0, 1s, x.out) != nullptr);
  CHECK(x.holder()->expires_at == time_point::max());
  CHECK(x.release(2s, "a"));
  CHECK(x.ended() == endings{{"a", 1, 7, 1, false}});
}

TEST_CASE("a request with another lease is no repeat, whatever its request_id") {
  lock_rules x;
  auto request = [](ticket_id ticket, lease_id lease, duration wait) {
    auto result = with_lease("a", ticket, wait, lease);
    result.request_id = std::string{"r"}; // GCC 12 warns of a plain "r"
    return result;
  };
  SECTION("of a grant") {
    x.acquire(0s, request(1, 7, 0s));
    CHECK(x.acquire(1s, request(2, 8, 60s)) == acquire_outcome::already_held);
    CHECK(x.acquire(1s, with_id("a", 3, 60s, "r")) == acquire_outcome::already_held);
    CHECK(x.acquire(1s, request(4, 7, 0s)) == acquire_outcome::granted);
  }
  SECTION("of a request that waits") {
    x.acquire(0s, "h", 1, 60s);
    x.acquire(0s, request(2, 7, 60s));
    CHECK(x.acquire(1s, request(3, 8, 60s)) == acquire_outcome::already_waiting);
    CHECK(x.acquire(1s, request(4, 7, 60s)) == acquire_outcome::waiting);
  }
}
