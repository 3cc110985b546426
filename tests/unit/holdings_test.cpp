#include "net/session/holdings.hpp"

#include "tests/support/catch.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace lockserver;
using namespace std::chrono_literals;

namespace {

const time_point now{100s};
constexpr auto everything = ~holdings::position{0};

// The tickets of requests are 100 more than the client's numbers, tokens 1000 more.
void begin(holdings& x, std::uint64_t number, const std::string& key, hold_mode ends_with) {
  x.begin(number, {key, "me", 100 + number, {}, ends_with, now + 10s});
}

// Granted for ten seconds, and in the books.
void keep(holdings& x, std::uint64_t number, const std::string& key,
          hold_mode ends_with = hold_mode::connection) {
  begin(x, number, key, ends_with);
  x.keep(number, 1000 + number, now, now + 10s, false);
  x.end(number);
}

// Granted by an answer that ends there.
void answer(holdings& x, std::uint64_t number, holdings::position end,
            hold_mode ends_with = hold_mode::ttl) {
  begin(x, number, "k" + std::to_string(number), ends_with);
  x.answered(number, end);
}

std::vector<ticket_id> tickets_of(const std::vector<withdrawn>& all) {
  std::vector<ticket_id> result;
  for (auto& x : all)
    result.push_back(x.what.ticket);
  return result;
}

std::vector<ticket_id> tickets_of(const std::vector<hold>& all) {
  std::vector<ticket_id> result;
  for (auto& x : all)
    result.push_back(x.ticket);
  return result;
}

using tickets = std::vector<ticket_id>;

} // namespace

// -- what is under way ----------------------------------------------------------

TEST_CASE("a request is under way until it is over") {
  holdings x;
  CHECK(x.find(1) == nullptr);
  begin(x, 1, "k", hold_mode::ttl);
  begin(x, 2, "l", hold_mode::ttl);
  REQUIRE(x.find(1) != nullptr);
  CHECK(x.find(1)->key == "k");
  CHECK(x.under_way() == 2);
  CHECK(x.end(1).ticket == 101);
  CHECK(x.find(1) == nullptr);
  begin(x, 3, "m", hold_mode::ttl); // in the place of the first
  CHECK(x.find(3)->key == "m");
  CHECK(x.find(2)->key == "l");
}

TEST_CASE("an answer is overdue from its instant on") {
  holdings x;
  x.begin(1, {.key = "k", .owner = "me", .ticket = 101, .answer_due = now + 5s});
  x.begin(2, {.key = "k", .owner = "me", .ticket = 102, .answer_due = now + 2s});
  CHECK(x.next_due() == now + 2s);
  CHECK(x.overdue(now + 2s - 1ns).empty());
  CHECK(x.overdue(now + 2s) == std::vector<std::uint64_t>{2});
  x.end(2);
  CHECK(x.next_due() == now + 5s);
  x.end(1);
  CHECK(x.next_due() == time_point::max());
}

TEST_CASE("of a client that goes, all that is under way is taken back") {
  holdings x;
  begin(x, 1, "k", hold_mode::ttl);
  begin(x, 2, "l", hold_mode::connection);
  begin(x, 3, "m", hold_mode::session);
  SECTION("with its connection only, what ends with that in any case") {
    auto gone = x.take_waits(hold_mode::connection);
    CHECK(tickets_of(gone) == tickets{101, 102, 103});
    CHECK(!gone[0].in_any_case);
    CHECK(gone[1].in_any_case);
    CHECK(!gone[2].in_any_case); // its client may come back, and asks again
  }
  SECTION("for good, also what ends with its session") {
    auto gone = x.take_waits(hold_mode::session);
    CHECK(!gone[0].in_any_case);
    CHECK(gone[1].in_any_case);
    CHECK(gone[2].in_any_case);
  }
  CHECK(x.under_way() == 0);
}

TEST_CASE("a request that is given up is taken back, with its grant if that was to end so") {
  holdings x;
  begin(x, 1, "k", hold_mode::ttl);
  begin(x, 2, "l", hold_mode::connection);
  CHECK(!x.take_wait(1).in_any_case);
  CHECK(x.take_wait(2).in_any_case);
  CHECK(x.under_way() == 0);
}

// -- what ends with the client ----------------------------------------------------

TEST_CASE("what ends with the connection ends with the session, too, and not the other way round") {
  holdings x;
  keep(x, 1, "a", hold_mode::ttl);
  keep(x, 2, "b", hold_mode::connection);
  keep(x, 3, "c", hold_mode::session);
  SECTION("the connection") {
    auto ended = x.take_holds(hold_mode::connection);
    REQUIRE(tickets_of(ended) == tickets{102});
    CHECK(ended[0].key == "b");
    CHECK(ended[0].owner == "me");
    CHECK(ended[0].token == 1002);
    CHECK(tickets_of(x.take_holds(hold_mode::session)) == tickets{103});
  }
  SECTION("the session") {
    CHECK(tickets_of(x.take_holds(hold_mode::session)) == tickets{102, 103});
  }
  CHECK(x.held() == 1);
}

TEST_CASE("a grant that is kept is taken back once, whether its client was told or not") {
  holdings x;
  begin(x, 1, "k", hold_mode::connection);
  x.keep(1, 1001, now, now + 10s, false);
  // An exception came before the answer.
  auto waits = x.take_waits(hold_mode::connection);
  REQUIRE(tickets_of(waits) == tickets{101});
  CHECK(waits[0].in_any_case);
  CHECK(tickets_of(x.take_holds(hold_mode::connection)) == tickets{101}); // does nothing more
}

TEST_CASE("a release counts once its answer says so") {
  holdings x;
  keep(x, 1, "k");
  // It was asked for. The server may refuse it, or the client go first: it is still held.
  CHECK(x.has("k"));
  SECTION("no answer, and the client goes") {
    CHECK(tickets_of(x.take_holds(hold_mode::connection)) == tickets{101});
  }
  SECTION("released") {
    x.released("k", "me");
    CHECK(!x.has("k"));
    CHECK(x.take_holds(hold_mode::connection).empty());
  }
  SECTION("released by its token") {
    x.released("k", "me", 1001);
    CHECK(!x.has("k"));
  }
}

TEST_CASE("the release of an earlier grant does not end the next one") {
  holdings x;
  keep(x, 1, "k");
  keep(x, 2, "k"); // its answer came before that of the release
  x.released("k", "me", 1001);
  CHECK(tickets_of(x.take_holds(hold_mode::connection)) == tickets{102});
}

TEST_CASE("a release is of one owner's lock, by force of all of the key") {
  holdings x;
  keep(x, 1, "k");
  keep(x, 2, "kk");
  x.released("k", "you");
  CHECK(x.has("k"));
  x.released_all("k");
  CHECK(!x.has("k"));
  CHECK(x.has("kk"));
}

TEST_CASE("a renewal counts as soon as it is asked for, and makes nothing shorter") {
  holdings x;
  keep(x, 1, "k");
  x.renewing("k", "me", 0, now + 20s);
  // No answer comes, and the server may have renewed it.
  x.forget_expired(now + 20s - 1ns);
  CHECK(x.has("k"));
  x.renewing("k", "me", 1001, now + 15s); // which may be refused
  x.forget_expired(now + 20s - 1ns);
  CHECK(x.has("k"));
  x.renewing("k", "me", 999, now + 60s); // of another grant
  x.forget_expired(now + 20s);
  CHECK(!x.has("k"));
}

TEST_CASE("what ends with the client is counted, and the expired looked through when it is much") {
  holdings x;
  keep(x, 1, "a", hold_mode::ttl);
  CHECK(x.bound(now, 2) == 0);
  keep(x, 2, "b");
  keep(x, 3, "c", hold_mode::session);
  CHECK(x.bound(now, 2) == 2);
  CHECK(x.bound(now + 10s, 3) == 2);
  CHECK(x.bound(now + 10s - 1ns, 2) == 2);
  CHECK(x.bound(now + 10s, 2) == 0);
  CHECK(x.held() == 0);
}

TEST_CASE("books are not kept of what has expired long ago") {
  holdings x;
  for (std::uint64_t i = 1; i <= 64; ++i)
    keep(x, i, "k" + std::to_string(i), hold_mode::ttl);
  begin(x, 65, "k65", hold_mode::ttl);
  x.keep(65, 1065, now + 10s, now + 20s, false);
  CHECK(x.held() == 1);
}

TEST_CASE("a repeat has a ticket of its own, unless it replaces the earlier request") {
  holdings x;
  keep(x, 1, "k");
  begin(x, 2, "k", hold_mode::connection);
  SECTION("each is taken back, for the grant ends with the last of them") {
    x.keep(2, 1001, now, now + 10s, false);
    CHECK(tickets_of(x.take_holds(hold_mode::connection)) == tickets{101, 102});
  }
  SECTION("the last is as good as all") {
    x.keep(2, 1001, now, now + 10s, true);
    CHECK(x.bound(now, 10) == 1);
    CHECK(tickets_of(x.take_holds(hold_mode::connection)) == tickets{102});
  }
}

TEST_CASE("a client may call off a request that has been granted meanwhile") {
  holdings x;
  keep(x, 1, "k");
  CHECK(!x.take("k", 2));
  CHECK(!x.take("l", 1));
  auto mine = x.take("k", 1);
  REQUIRE(mine);
  CHECK(mine->token == 1001);
  CHECK(!x.has("k"));
  CHECK(x.bound(now, 10) == 0);
}

// -- what is in doubt -------------------------------------------------------------

TEST_CASE("a grant is in doubt until its whole answer has arrived") {
  holdings x;
  answer(x, 1, 10);
  answer(x, 2, 20);
  CHECK(x.under_way() == 0);
  CHECK(x.in_doubt() == 2);
  x.arrived(9);
  CHECK(x.in_doubt() == 2);
  x.arrived(10);
  CHECK(x.in_doubt() == 1);
  x.arrived(everything);
  CHECK(x.in_doubt() == 0);
}

TEST_CASE("a broken connection takes back what certainly did not arrive, and nothing else") {
  holdings x;
  answer(x, 1, 10);
  answer(x, 2, 20);
  answer(x, 3, 30, hold_mode::connection);
  SECTION("nothing arrived") {
    auto back = x.take_undelivered(0);
    CHECK(tickets_of(back) == tickets{101, 102, 103});
    CHECK(!back[0].in_any_case);
    CHECK(back[2].in_any_case);
  }
  SECTION("some may have arrived, the last in part") {
    CHECK(tickets_of(x.take_undelivered(29)) == tickets{103});
  }
  SECTION("all may have arrived") {
    CHECK(x.take_undelivered(30).empty());
  }
  CHECK(x.in_doubt() == 0);
}

TEST_CASE("it is asked what has arrived each time that the doubtful have doubled") {
  holdings x;
  for (std::uint64_t i = 1; i <= 63; ++i)
    answer(x, i, i);
  CHECK(!x.doubts_too_much());
  answer(x, 64, 64);
  CHECK(x.doubts_too_much());
  x.arrived(0);
  CHECK(!x.doubts_too_much());
  for (std::uint64_t i = 65; i <= 128; ++i)
    answer(x, i, i);
  CHECK(x.doubts_too_much());
  x.arrived(100);
  CHECK(x.in_doubt() == 28);
  CHECK(!x.doubts_too_much());
}

TEST_CASE("an answer to a request that is over leaves no doubt") {
  holdings x;
  begin(x, 1, "k", hold_mode::ttl);
  x.take_waits(hold_mode::connection);
  x.answered(1, 10);
  CHECK(x.in_doubt() == 0);
}
