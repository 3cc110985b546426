// Which grants can be withdrawn, and which not any more: somebody relies on them.
#include "actors/rules/grant_records.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/lock_rules.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace lockserver;
using namespace lockserver::test;
using namespace std::chrono_literals;

namespace {

lock_request with_id(const std::string& owner, ticket_id ticket, duration wait = {}) {
  return {owner, ticket, 100s, wait, lock_mode::exclusive, 0, std::string{"r"}};
}

void put_back(lock_rules& x, std::vector<grant_record> records) {
  x.lock.clear();
  for (auto& record : records)
    x.lock.restore(grant_of(std::move(record)), 0);
}

// The same lock as it was, after a change of it that failed.
void go_back(lock_rules& x) {
  put_back(x, records_of(x.lock, at(0s)));
}

// The same lock in a process that has it from a store.
void restart(lock_rules& x) {
  std::vector<grant_record> stored;
  for (auto& record : records_of(x.lock, at(0s))) {
    grant_record read; // without what is not stored
    read.token = record.token;
    read.owner = record.owner;
    read.request_id = record.request_id;
    read.expires_at = record.expires_at;
    stored.push_back(std::move(read));
  }
  put_back(x, std::move(stored));
}

} // namespace

TEST_CASE("a grant that was renewed is not withdrawn any more") {
  lock_rules x;
  x.acquire(0s, "a", 1, 100s);
  REQUIRE(x.lock.renew(at(1s), "a", 1, 100s, x.out) != nullptr);
  CHECK(!x.withdraw(2s, 1));
  CHECK(x.verify(2s, "a"));
  x.expire(101s);
  CHECK(x.lock.idle());
}

TEST_CASE("a renewal that is refused lets a grant be withdrawn as before") {
  lock_rules x;
  x.acquire(0s, "a", 1, 100s);
  CHECK(x.lock.renew(at(1s), "a", 2, 100s, x.out) == nullptr);
  CHECK(x.lock.renew(at(1s), "b", 0, 100s, x.out) == nullptr);
  CHECK(x.withdraw(2s, 1));
  CHECK(x.lock.idle());
}

TEST_CASE("a grant that somebody has been told of is not withdrawn any more") {
  lock_rules x;
  x.acquire(0s, "a", 1, 100s);
  SECTION("by a question for its owner") {
    CHECK(!x.lock.confirm(at(1s), "b"));
    CHECK(x.lock.confirm(at(1s), "a"));
  }
  SECTION("by the refusal of its owner's next request") {
    CHECK(x.acquire(1s, "a", 2, 100s) == acquire_outcome::already_held);
  }
  CHECK(!x.withdraw(2s, 1));
  CHECK(x.verify(2s, "a"));
}

TEST_CASE("a question for somebody else lets a grant be withdrawn as before") {
  lock_rules x;
  x.acquire(0s, "a", 1, 100s);
  CHECK(!x.lock.confirm(at(1s), "b"));
  CHECK(x.lock.check(at(1s)));
  CHECK(x.withdraw(2s, 1));
  CHECK(!x.lock.confirm(at(2s), "a"));
}

TEST_CASE("nobody is told of a grant whose time is over") {
  lock_rules x;
  x.acquire(0s, "a", 1, 10s);
  CHECK(x.lock.confirm(at(10s - 1ns), "a"));
  CHECK(!x.lock.confirm(at(10s), "a"));
}

TEST_CASE("a grant that comes from a store is not withdrawn by a repeat of its request") {
  lock_rules x;
  x.acquire(0s, with_id("a", 1));
  restart(x);
  CHECK(x.acquire(1s, with_id("a", 7)) == acquire_outcome::granted);
  CHECK(x.acquire(1s, with_id("a", 8)) == acquire_outcome::granted);
  CHECK(!x.withdraw(2s, 7));
  CHECK(!x.withdraw(2s, 8));
  CHECK(!x.withdraw(2s, 1));
  CHECK(x.verify(2s, "a"));
  CHECK(x.holder()->token == 1);
  x.expire(100s);
  CHECK(x.lock.idle());
}

TEST_CASE("a grant that a failed change leaves as it was can be withdrawn as before") {
  lock_rules x;
  x.acquire(0s, with_id("a", 1));
  x.acquire(0s, with_id("a", 2));
  SECTION("when nobody relies on it") {
    go_back(x);
    CHECK(x.withdraw(1s, 1));
    CHECK(x.verify(1s, "a"));
    CHECK(x.withdraw(1s, 2));
    CHECK(x.lock.idle());
  }
  SECTION("but not when somebody does") {
    REQUIRE(x.lock.confirm(at(0s), "a"));
    go_back(x);
    CHECK(!x.withdraw(1s, 1));
    CHECK(!x.withdraw(1s, 2));
    CHECK(x.verify(1s, "a"));
  }
}

TEST_CASE("a repeat does not let a grant be withdrawn on which somebody relies") {
  lock_rules x;
  x.acquire(0s, with_id("a", 1));
  REQUIRE(x.lock.renew(at(1s), "a", 1, 100s, x.out) != nullptr);
  CHECK(x.acquire(2s, with_id("a", 2)) == acquire_outcome::granted);
  CHECK(!x.withdraw(3s, 1));
  CHECK(!x.withdraw(3s, 2));
  CHECK(x.verify(3s, "a"));
}

TEST_CASE("of nine requests that share a grant all must be withdrawn, of ten it stays") {
  auto requests = GENERATE(9u, 10u, 11u, 100u);
  auto first_waits = GENERATE(false, true);
  CAPTURE(requests, first_waits);
  lock_rules x;
  if (first_waits)
    x.acquire(0s, "h", 1000, 10s);
  // A place in line is shared by nine at most.
  for (ticket_id i = 1; i <= 9; ++i)
    x.acquire(0s, with_id("a", i, first_waits ? 60s : 0s));
  x.expire(10s);
  for (ticket_id i = 10; i <= requests; ++i)
    REQUIRE(x.acquire(10s, with_id("a", i)) == acquire_outcome::granted);
  for (ticket_id i = 1; i < requests; ++i) {
    x.withdraw(11s, i);
    REQUIRE(x.verify(11s, "a"));
  }
  CHECK(x.withdraw(11s, requests) == (requests == 9));
  CHECK(x.verify(11s, "a") == (requests > 9));
}

// -- bound to a connection ----------------------------------------------------

TEST_CASE("the end of its connection ends a grant also when somebody relies on it") {
  lock_rules x;
  x.acquire(0s, with_id("a", 1));
  x.acquire(0s, "b", 5, 10s, 60s);
  SECTION("because it was renewed") {
    REQUIRE(x.lock.renew(at(1s), "a", 1, 100s, x.out) != nullptr);
  }
  SECTION("because somebody was told of it") {
    REQUIRE(x.lock.confirm(at(1s), "a"));
  }
  CHECK(x.lock.end_hold(at(2s), 1, x.out));
  CHECK(x.decided() == decisions{granted(5, "b", 2, 12s)});
  CHECK(!x.lock.end_hold(at(2s), 1, x.out));
}

TEST_CASE("the end of a connection leaves the grant to others who asked for it again") {
  lock_rules x;
  x.acquire(0s, with_id("a", 1));
  x.acquire(1s, with_id("a", 2));
  REQUIRE(x.lock.renew(at(1s), "a", 1, 100s, x.out) != nullptr);
  CHECK(x.lock.end_hold(at(2s), 1, x.out));
  CHECK(x.verify(2s, "a"));
  CHECK(x.lock.end_hold(at(3s), 2, x.out));
  CHECK(x.lock.idle());
}

TEST_CASE("a grant from a store ends with the connection of who asked for it again") {
  lock_rules x;
  x.acquire(0s, with_id("a", 1));
  restart(x);
  REQUIRE(x.acquire(1s, with_id("a", 2)) == acquire_outcome::granted);
  CHECK(!x.lock.end_hold(at(2s), 1, x.out));
  CHECK(x.verify(2s, "a"));
  CHECK(x.lock.end_hold(at(2s), 2, x.out));
  CHECK(x.lock.idle());
}

TEST_CASE("the end of its connection takes a request out of the line") {
  lock_rules x;
  x.acquire(0s, "h", 1, 10s);
  x.acquire(0s, "a", 2, 10s, 60s);
  CHECK(x.lock.end_hold(at(1s), 2, x.out));
  CHECK(x.lock.waiting() == 0);
}
