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

// The same lock after a release that could not be stored.
void go_back(lock_rules& x) {
  x.out.clear();
  REQUIRE(x.release(0s, "a"));
  x.lock.forget_waiters();
  for (; !x.out.empty(); x.out.pop_back())
    x.lock.undo(std::move(x.out.back()));
}

// The same lock in a process that has it from a store.
void restart(lock_rules& x) {
  lock_queue stored{x.tokens, x.limits};
  for (auto& holder : x.lock.holders())
    stored.restore(grant_of(record_of(holder, x.lock.limit(), at(0s))), 0);
  x.lock = std::move(stored);
  x.out.clear();
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

// -- undone -------------------------------------------------------------------

TEST_CASE("a renewal that is undone lets the grant end as before, and be withdrawn") {
  lock_rules x;
  x.acquire(0s, "a", 1, 100s);
  x.out.clear();
  x.lock.renew(at(1s), "a", 0, 500s, x.out);
  REQUIRE(x.out.size() == 1);
  CHECK(!x.withdraw(2s, 1)); // somebody relies on it, as far as is known by now
  x.lock.undo(std::move(x.out.front()));
  x.out.clear();
  CHECK(x.holder()->expires_at == at(100s));
  x.lock.end_abandoned(at(3s), x.out);
  CHECK(x.lock.idle());
}

TEST_CASE("what is undone leaves shared holders and their limit as they were") {
  lock_rules x;
  x.share(0s, "a", 1, 100s, 0s, 2);
  x.share(0s, "b", 2, 100s, 0s, 2);
  x.share(0s, "c", 3, 100s, 60s, 3);
  x.out.clear();
  x.lock.release_all(at(1s), x.out);
  CHECK(x.holders() == "c");
  CHECK(x.lock.limit() == 3);
  x.lock.forget_waiters();
  for (; !x.out.empty(); x.out.pop_back())
    x.lock.undo(std::move(x.out.back()));
  CHECK(x.holders() == "a b");
  CHECK(x.lock.limit() == 2);
  CHECK(x.lock.next_deadline() == at(100s));
}

TEST_CASE("every change is reported, in its order and with its cause") {
  using kind = lock_change::kind;
  using cause = lock_change::cause;
  lock_rules x;
  auto reported = [&] {
    std::vector<std::pair<kind, cause>> result;
    for (auto& one : x.out)
      result.emplace_back(one.what, one.why);
    x.out.clear();
    return result;
  };
  using list = std::vector<std::pair<kind, cause>>;
  x.acquire(0s, with_id("a", 1));
  CHECK(reported() == list{{kind::granted, cause::request}});
  x.acquire(0s, with_id("a", 2));
  CHECK(reported() == list{{kind::repeated, cause::request}});
  x.lock.renew(at(1s), "a", 0, 9s, x.out);
  CHECK(reported() == list{{kind::renewed, cause::request}});
  x.acquire(1s, "b", 3, 10s, 60s);
  x.acquire(1s, "c", 4, 10s, 3s);
  x.acquire(1s, "d", 5, 10s, 60s);
  CHECK(reported()
        == list{{kind::waits, cause::request},
                {kind::waits, cause::request},
                {kind::waits, cause::request}});
  x.withdraw(2s, 5);
  CHECK(reported() == list{{kind::waits_no_more, cause::withdrawn}});
  x.expire(10s);
  CHECK(reported()
        == list{{kind::waits_no_more, cause::timed_out},
                {kind::ended, cause::expired},
                {kind::granted, cause::turn},
                {kind::waits_no_more, cause::turn}});
  x.release(11s, "b");
  REQUIRE(x.out.size() == 1);
  CHECK(x.out.front().about.owner == "b");
  CHECK(x.out.front().about.token == 2);
  CHECK(reported() == list{{kind::ended, cause::request}});
}
