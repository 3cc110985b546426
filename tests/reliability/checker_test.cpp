// The checker refuses what no lock server may do. See checker_accepts_test.cpp
// for what it must not refuse.
#include "tests/reliability/made_up.hpp"
#include "tests/support/catch.hpp"

using namespace reliability;
using namespace reliability::made_up;

using rules = std::vector<std::string>;

TEST_CASE("two grants that last at the same time are refused", "[checker]") {
  CHECK(broken_rules(of({granted("ann", 0, 10, 1), granted("bob", 20, 30, 2)}))
        == rules{"exclusion"});
}

TEST_CASE("a sentence names both operations", "[checker]") {
  auto found = check(of({granted("ann", 0, 10, 1), granted("bob", 20, 30, 2)})).violations;
  REQUIRE(found.size() == 1);
  CHECK(found[0].sentence
        == "#1 (bob: acquire k, token 2, ok, 0.020000 s to 0.030000 s) was granted while "
           "#0 (ann: acquire k, token 1, ok, 0.000000 s to 0.010000 s) certainly lasted, "
           "until 0.100000 s");
}

TEST_CASE("a grant within the time of another is refused though its own time is over",
          "[checker]") {
  CHECK(broken_rules(of({granted("ann", 0, 10, 1), granted("bob", 20, 90, 2, 5)}))
        == rules{"exclusion"});
}

TEST_CASE("more holders than a semaphore has are refused", "[checker]") {
  CHECK(broken_rules(of({of_two(granted("ann", 0, 10, 1)), of_two(granted("bob", 0, 10, 2)),
                         of_two(granted("cid", 20, 30, 3))}))
        == rules{"exclusion"});
}

TEST_CASE("a semaphore that forgets one of its holders is refused", "[checker]") {
  CHECK(broken_rules(killed_at(20, {of_two(granted("ann", 0, 10, 1)),
                                    of_two(granted("bob", 0, 10, 2)), seen(50, 60, {{"bob", 2}})}))
        == rules{"forgotten_grant"});
}

TEST_CASE("a grant during a renewed one is refused", "[checker]") {
  CHECK(broken_rules(
          of({granted("ann", 0, 10, 1), renewed("ann", 90, 95, 1), granted("bob", 150, 160, 2)}))
        == rules{"exclusion"});
}

TEST_CASE("a grant while another lasts over the death of the server is refused", "[checker]") {
  CHECK(broken_rules(killed_at(20, {granted("ann", 0, 10, 1), granted("bob", 50, 60, 2)}))
        == rules{"exclusion"});
}

TEST_CASE("a release without effect ends no grant", "[checker]") {
  auto failed = op(action::release, "ann", 20, 30, outcome::not_done, 1);
  CHECK(broken_rules(of({granted("ann", 0, 10, 1), failed, granted("bob", 40, 50, 2)}))
        == rules{"exclusion"});
}

TEST_CASE("a token that is smaller than a known one is refused", "[checker]") {
  CHECK(broken_rules(of({granted("ann", 0, 10, 7), on("other", granted("bob", 20, 30, 6))}))
        == rules{"tokens"});
  CHECK(broken_rules(killed_at(15, {granted("ann", 0, 10, 7, 5), granted("bob", 30, 40, 6)}))
        == rules{"tokens"});
}

TEST_CASE("a token that is smaller than one that was shown is refused", "[checker]") {
  CHECK(broken_rules(of({lost(action::acquire, "ann", 0), seen(10, 20, {{"ann", 7}}),
                         on("other", granted("bob", 30, 40, 6))}))
        == rules{"tokens"});
}

TEST_CASE("a token that is given twice is refused", "[checker]") {
  CHECK(broken_rules(of({granted("ann", 0, 10, 7), on("other", granted("bob", 5, 15, 7))}))
        == rules{"tokens"});
  CHECK(broken_rules(of(
          {with_id("a", granted("ann", 0, 10, 7, 5)), with_id("b", granted("ann", 8, 15, 7, 5))}))
        == rules{"tokens"});
}

TEST_CASE("an owner that is told before its time that it holds nothing is believed", "[checker]") {
  for (auto what : {action::renew, action::release})
    CHECK(broken_rules(of({granted("ann", 0, 10, 1), not_holder(what, "ann", 20, 30, 1)}))
          == rules{"forgotten_grant"});
}

TEST_CASE("a grant that the next life does not know is refused", "[checker]") {
  CHECK(broken_rules(
          killed_at(20, {granted("ann", 0, 10, 1), not_holder(action::renew, "ann", 40, 50, 1)}))
        == rules{"forgotten_grant"});
  CHECK(broken_rules(killed_at(20, {granted("ann", 0, 10, 1), seen(40, 50, {})}))
        == rules{"forgotten_grant"});
}

TEST_CASE("a renewal that the next life does not know is refused", "[checker]") {
  CHECK(broken_rules(
          killed_at(60, {granted("ann", 0, 10, 1), renewed("ann", 50, 55, 1), seen(120, 130, {})}))
        == rules{"forgotten_grant"});
}

TEST_CASE("a key that is said to be held by another than its holder is refused", "[checker]") {
  auto refused = op(action::acquire, "bob", 20, 30, outcome::refused);
  refused.reason = "held";
  refused.shows_holders = true;
  CHECK(broken_rules(of({granted("ann", 0, 10, 1), refused})) == rules{"forgotten_grant"});
}

TEST_CASE("a released grant that is still known is refused", "[checker]") {
  auto took_and_gave = {granted("ann", 0, 10, 1), released("ann", 20, 30, 1)};
  auto then = [&](operation x, bool killed) {
    auto result = killed ? killed_at(35, took_and_gave) : of(took_and_gave);
    result.operations.push_back(std::move(x));
    return broken_rules(result);
  };
  for (auto killed : {false, true}) {
    CHECK(then(seen(50, 60, {{"ann", 1}}), killed) == rules{"forgotten_release"});
    CHECK(then(renewed("ann", 50, 60, 1), killed) == rules{"forgotten_release"});
    CHECK(then(released("ann", 50, 60, 1), killed) == rules{"forgotten_release"});
  }
}

TEST_CASE("a grant that comes back after the next one is refused", "[checker]") {
  CHECK(broken_rules(killed_at(230, {granted("ann", 0, 10, 1), granted("bob", 200, 210, 2, 20),
                                     seen(250, 260, {{"ann", 1}})}))
        == rules{"forgotten_release"});
}

TEST_CASE("a repeat that gets a grant that was released is refused", "[checker]") {
  CHECK(broken_rules(of({with_id("a", granted("ann", 0, 10, 1)), released("ann", 20, 30, 1),
                         with_id("a", granted("ann", 40, 50, 1))}))
        == rules{"forgotten_release"});
}

TEST_CASE("a holder that never asked is refused", "[checker]") {
  CHECK(broken_rules(of({seen(0, 10, {{"ann", 1}})})) == rules{"invented_grant"});
  CHECK(broken_rules(of({timed_out("ann", 0, 10), seen(20, 30, {{"ann", 1}})}))
        == rules{"invented_grant"});
  CHECK(broken_rules(of({seen(0, 10, {{"ann", 1}}), lost(action::acquire, "ann", 20)}))
        == rules{"invented_grant"});
}

TEST_CASE("a holder that was told that nothing was changed is refused", "[checker]") {
  auto failed = op(action::acquire, "ann", 0, 10, outcome::not_done);
  CHECK(broken_rules(of({failed, seen(20, 30, {{"ann", 1}})})) == rules{"invented_grant"});
}

TEST_CASE("a token under another name is refused", "[checker]") {
  CHECK(broken_rules(of({granted("ann", 0, 10, 1, 5), seen(20, 30, {{"bob", 1}})}))
        == rules{"invented_grant"});
}

TEST_CASE("who overtakes one that is in line is refused", "[checker]") {
  auto looked = seen(20, 30, {{"zoe", 1}}, {"ann"});
  auto held = granted("zoe", 0, 5, 1, 40);
  CHECK(
    broken_rules(of({held, looked, granted("ann", 10, 90, 3, 80), granted("bob", 40, 60, 2, 20)}))
    == rules{"order"});
  CHECK(broken_rules(of({held, looked, timed_out("ann", 10, 110), granted("bob", 40, 60, 2, 20)}))
        == rules{"order"});
}

TEST_CASE("who stood behind another in line and is granted first is refused", "[checker]") {
  CHECK(
    broken_rules(of({granted("zoe", 0, 5, 1, 40), seen(20, 30, {{"zoe", 1}}, {"ann", "cid", "bob"}),
                     granted("ann", 10, 90, 3, 80), granted("bob", 10, 60, 2, 50)}))
    == rules{"order"});
}

TEST_CASE("what is left over is refused", "[checker]") {
  auto x = of({});
  x.left_over = {"a holder of k: ann, token 1"};
  CHECK(broken_rules(x) == rules{"left_over"});
}
