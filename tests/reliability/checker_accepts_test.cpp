// The checker accepts what a lock server may do, and reports nothing that is only
// possibly wrong.
#include "tests/reliability/made_up.hpp"
#include "tests/support/catch.hpp"

#include <sstream>

using namespace reliability;
using namespace reliability::made_up;

using rules = std::vector<std::string>;

TEST_CASE("holders one after the other are accepted", "[checker]") {
  CHECK(broken_rules(of({granted("ann", 0, 10, 1), released("ann", 20, 30, 1),
                         granted("bob", 25, 35, 2), granted("ann", 140, 150, 3)}))
        == rules{});
}

TEST_CASE("as many holders as a semaphore has are accepted", "[checker]") {
  CHECK(broken_rules(of({of_two(granted("ann", 0, 10, 1)), of_two(granted("bob", 5, 15, 2)),
                         seen(20, 30, {{"ann", 1}, {"bob", 2}}), renewed("ann", 30, 40, 1),
                         released("bob", 50, 60, 2), of_two(granted("cid", 55, 65, 3))}))
        == rules{});
}

TEST_CASE("a grant may be given as soon as the release of the last was sent", "[checker]") {
  CHECK(broken_rules(
          of({granted("ann", 0, 10, 1), released("ann", 20, 50, 1), granted("bob", 15, 25, 2)}))
        == rules{});
}

TEST_CASE("a release without an answer may have taken effect", "[checker]") {
  CHECK(broken_rules(of({granted("ann", 0, 10, 1), lost(action::release, "ann", 20, 1),
                         granted("bob", 30, 40, 2)}))
        == rules{});
}

TEST_CASE("a release without an answer may not have taken effect", "[checker]") {
  CHECK(broken_rules(of({granted("ann", 0, 10, 1), lost(action::release, "ann", 20, 1),
                         seen(30, 40, {{"ann", 1}}), renewed("ann", 50, 60, 1)}))
        == rules{});
}

TEST_CASE("a release over the death of a server may be a repeat of one that came too late",
          "[checker]") {
  auto late = {granted("ann", 0, 10, 1), granted("bob", 120, 130, 2), released("ann", 140, 180, 1)};
  CHECK(broken_rules(killed_at(150, late)) == rules{});
  CHECK(broken_rules(of(late)) == rules{"forgotten_grant", "forgotten_release"});
}

TEST_CASE("an acquire without an answer may have been granted or not", "[checker]") {
  CHECK(broken_rules(of({lost(action::acquire, "ann", 0), granted("bob", 10, 20, 2)})) == rules{});
  CHECK(broken_rules(of(
          {lost(action::acquire, "ann", 0), seen(10, 20, {{"ann", 1}}), granted("bob", 30, 40, 2)}))
        == rules{});
}

TEST_CASE("a renewal without an answer may have made the time shorter", "[checker]") {
  CHECK(broken_rules(of({granted("ann", 0, 10, 1), lost(action::renew, "ann", 20, 1, 10),
                         granted("bob", 35, 45, 2)}))
        == rules{});
  // Even if a later request was answered.
  CHECK(broken_rules(of({granted("ann", 0, 10, 1), lost(action::renew, "ann", 20, 1, 10),
                         renewed("ann", 25, 28, 1), granted("bob", 40, 45, 2)}))
        == rules{});
}

TEST_CASE("a renewal that was refused may have been sent before, and made the time shorter",
          "[checker]") {
  CHECK(broken_rules(of({granted("ann", 0, 10, 1), not_holder(action::renew, "ann", 20, 60, 1, 10),
                         granted("bob", 35, 45, 2)}))
        == rules{});
  // But not before its own time is over.
  CHECK(
    broken_rules(of({granted("ann", 0, 10, 1), not_holder(action::renew, "ann", 20, 25, 1, 10)}))
    == rules{"forgotten_grant"});
}

TEST_CASE("a grant may end when its time is over, or last longer", "[checker]") {
  auto ann = granted("ann", 0, 10, 1);
  CHECK(broken_rules(of({ann, not_holder(action::renew, "ann", 90, 101, 1)})) == rules{});
  CHECK(broken_rules(of({ann, seen(90, 101, {})})) == rules{});
  CHECK(broken_rules(of({ann, seen(150, 160, {{"ann", 1}})})) == rules{});
  CHECK(broken_rules(of({ann, granted("bob", 90, 101, 2)})) == rules{});
}

TEST_CASE("a wait counts before the grant's own time", "[checker]") {
  // It was granted at 190 at the latest, but perhaps earlier.
  CHECK(broken_rules(of({granted("ann", 0, 190, 1), granted("bob", 150, 200, 2)})) == rules{});
}

TEST_CASE("a repeat has its first try's token, whatever was granted between", "[checker]") {
  CHECK(broken_rules(
          of({with_id("a", lost(action::acquire, "ann", 0)), on("other", granted("bob", 10, 20, 2)),
              with_id("a", granted("ann", 30, 40, 1)), with_id("a", granted("ann", 50, 60, 1))}))
        == rules{});
}

TEST_CASE("grants asked for at the same time may have tokens in any order", "[checker]") {
  CHECK(broken_rules(of({granted("ann", 0, 10, 2), on("other", granted("bob", 5, 15, 1))}))
        == rules{});
}

TEST_CASE("a request that changed nothing leaves the grant as it was", "[checker]") {
  CHECK(broken_rules(of(
          {granted("ann", 0, 10, 1), op(action::renew, "ann", 20, 30, outcome::not_done, 1),
           op(action::release, "ann", 40, 50, outcome::not_done, 1), released("ann", 60, 70, 1)}))
        == rules{});
}

TEST_CASE("the next life may forget what was not acknowledged", "[checker]") {
  CHECK(broken_rules(killed_at(20, {lost(action::acquire, "ann", 0), granted("bob", 40, 50, 2)}))
        == rules{});
  CHECK(broken_rules(killed_at(20, {granted("ann", 0, 5, 1), lost(action::release, "ann", 10, 1),
                                    seen(40, 50, {{"ann", 1}})}))
        == rules{});
}

TEST_CASE("a grant may end with its lease before it is told", "[checker]") {
  auto refused = op(action::acquire, "ann", 0, 50, outcome::refused);
  refused.reason = "lease_expired";
  CHECK(broken_rules(of({refused, seen(20, 30, {{"ann", 1}})})) == rules{});
}

TEST_CASE("a request that the server's death came into may have been sent twice", "[checker]") {
  CHECK(broken_rules(killed_at(20, {timed_out("ann", 0, 100), seen(40, 50, {{"ann", 1}})}))
        == rules{});
}

TEST_CASE("without a disk the next life forgets all but the tokens", "[checker]") {
  auto x = killed_at(20, {granted("ann", 0, 10, 1), not_holder(action::renew, "ann", 40, 45, 1),
                          granted("bob", 50, 60, 2)});
  x.durable = false;
  CHECK(broken_rules(x) == rules{});
  x.operations.back().token = 1;
  CHECK(broken_rules(x) == rules{"tokens"});
}

TEST_CASE("without a disk a grant still lasts as long as the life that gave it", "[checker]") {
  auto x = killed_at(60, {granted("ann", 0, 10, 1), granted("bob", 20, 30, 2)});
  x.durable = false;
  CHECK(broken_rules(x) == rules{"exclusion"});
}

TEST_CASE("the line does not outlive the server", "[checker]") {
  auto looked = seen(20, 30, {{"zoe", 1}}, {"ann"});
  CHECK(broken_rules(killed_at(35, {granted("zoe", 0, 5, 1, 40), looked,
                                    granted("ann", 10, 90, 3, 80), granted("bob", 50, 60, 2, 20)}))
        == rules{});
}

TEST_CASE("who was not certainly in line may be overtaken", "[checker]") {
  auto held = granted("zoe", 0, 5, 1, 40);
  // Seen only after the other one had sent its request.
  CHECK(broken_rules(of({held, granted("bob", 15, 60, 2, 20), seen(20, 30, {{"zoe", 1}}, {"ann"}),
                         granted("ann", 10, 90, 3, 80)}))
        == rules{});
  // Two requests of one owner: either may be the one in the queue.
  CHECK(broken_rules(of({held, lost(action::acquire, "ann", 8), seen(20, 30, {{"zoe", 1}}, {"ann"}),
                         granted("ann", 10, 90, 3, 80), granted("bob", 40, 60, 2, 20)}))
        == rules{});
}

TEST_CASE("who gave up its place may be overtaken", "[checker]") {
  CHECK(broken_rules(of({granted("zoe", 0, 5, 1, 40), seen(20, 30, {{"zoe", 1}}, {"ann"}),
                         timed_out("ann", 10, 50), granted("bob", 40, 60, 2, 20)}))
        == rules{});
}

TEST_CASE("what was shown is counted", "[checker]") {
  auto shown = check(killed_at(20, {granted("ann", 0, 10, 1), lost(action::acquire, "bob", 12),
                                    seen(40, 50, {{"ann", 1}}, {"bob"})}))
                 .shown;
  CHECK(shown.operations == 3);
  CHECK(shown.unknown == 1);
  CHECK(shown.grants == 1);
  CHECK(shown.confirmed == 1);
  CHECK(shown.survived == 1);
  CHECK(shown.waited == 0); // bob's request may be from the previous life
}

TEST_CASE("a history is written with a line for each operation", "[checker]") {
  std::ostringstream out;
  out << killed_at(20, {granted("ann", 0, 10, 1), seen(40, 50, {{"ann", 1}}, {"bob"})});
  CHECK(out.str()
        == "{\"durable\":true,\"lives\":[{\"began\":-10000000,\"ended\":20000000},"
           "{\"began\":30000000}],\"left_over\":[]}\n"
           "{\"do\":\"acquire\",\"key\":\"k\",\"owner\":\"ann\",\"invoked\":0,"
           "\"answered\":10000000,\"result\":\"ok\",\"token\":1,\"ttl_ms\":100,"
           "\"until\":100000000}\n"
           "{\"do\":\"verify\",\"key\":\"k\",\"owner\":\"onlooker\",\"invoked\":40000000,"
           "\"answered\":50000000,\"result\":\"ok\","
           "\"holders\":[{\"owner\":\"ann\",\"token\":1}],\"queue\":[\"bob\"]}\n");
}
