// How long a client and its server count on a lock when the connection between them
// breaks, for both sides or for one.
#include "tests/support/catch.hpp"
#include "tests/support/client_world.hpp"

using namespace lockserver;
using namespace std::chrono_literals;
using test::client_world;

namespace {

acquire_lock with(hold_mode hold, const std::string& key = "k", caf::timespan ttl = 1h) {
  acquire_lock x{key};
  x.ttl = ttl;
  x.wait = 0s;
  x.hold = hold;
  return x;
}

// A client whose user holds a lock, for which another waits, after five seconds of
// peace. Sessions end after 10 s.
struct held_world : client_world {
  explicit held_world(hold_mode hold) {
    auto got = user->acquire(with(hold));
    world.run();
    REQUIRE(got->value);
    token = got->value->token;
    next = ask->acquire("k", "other", 9s, 1h);
    world.advance(5s);
    broken_since = world.now();
  }

  // Looks at both sides each millisecond: never do two of them have it. Returns how
  // long it takes until the second one has.
  auto hand_over() {
    while (user->lost().empty()) {
      REQUIRE(!next->granted());
      world.advance(1ms);
    }
    while (!next->granted())
      world.advance(1ms);
    return world.now() - broken_since;
  }

  std::unique_ptr<test::user> user = new_user(new_client());
  std::uint64_t token = 0;
  decltype(ask->acquire("", "", 1s)) next;
  decltype(world.now()) broken_since;
};

} // namespace

TEST_CASE("a lock is never two's when only the server has lost the connection") {
  held_world x{acquire_lock{}.hold};
  x.net.cut_server_side();
  auto took = x.hand_over();
  CHECK(x.user->lost().at(0).reason == loss_reason::connection_lost);
  CHECK(took <= 10s);
}

TEST_CASE("a lock is never two's when only the client has lost the connection") {
  held_world x{hold_mode::session};
  x.net.cut_client_side();
  auto took = x.hand_over();
  CHECK(x.user->lost().at(0).reason == loss_reason::connection_lost);
  CHECK(x.user->lost().at(0).detail.find("for as long as it keeps a session") != std::string::npos);
  CHECK(took <= 10s);
}

TEST_CASE("a lock is never two's when both have lost the connection") {
  held_world x{hold_mode::session};
  x.net.cut();
  auto took = x.hand_over();
  CHECK(took > 6s);
  CHECK(took <= 10s);
}

TEST_CASE(
  "a lock that hangs on the connection is the next one's at once, whatever its holder knows") {
  held_world x{hold_mode::connection};
  SECTION("both know") {
    x.net.cut();
    x.world.run();
    CHECK(x.user->lost().size() == 1);
  }
  SECTION("only the server knows: the holder still believes to have it") {
    x.net.cut_server_side();
    x.world.run();
    CHECK(x.user->lost().empty());
  }
  CHECK(x.next->granted());
}

TEST_CASE("a short break of the connection loses nothing") {
  held_world x{hold_mode::session};
  x.net.cut();
  x.world.advance(4s);
  x.net.up = true;
  x.world.advance(2s);
  CHECK(x.user->lost().empty());
  CHECK(x.look("k").holders.at(0).token == x.token);
  x.world.advance(60s);
  CHECK(x.user->lost().empty());
  CHECK(!x.next->granted());
  SECTION("and it ends with its client, as before") {
    x.end_clients();
    CHECK(x.next->granted());
  }
  SECTION("or by the next break that lasts") {
    x.net.cut();
    x.broken_since = x.world.now();
    CHECK(x.hand_over() <= 10s);
  }
}

TEST_CASE("a break that is mended too late loses the lock, and what is left of it is given back") {
  client_world x;
  auto a = x.new_user(x.new_client());
  a->acquire(with(hold_mode::session));
  x.world.run();
  x.net.cut();
  x.world.advance(11s);
  REQUIRE(a->lost().size() == 1);
  CHECK(x.is_free("k"));
  x.net.up = true;
  x.world.advance(3s);
  auto again = a->acquire(with(hold_mode::session));
  x.world.advance(30s);
  CHECK(again->value);
  CHECK(a->lost().size() == 1);
}

TEST_CASE("what a client has, and has not renewed, ends with its ttl, session or not") {
  client_world x;
  auto a = x.new_user(x.new_client());
  a->acquire(with(hold_mode::session, "k", 3s));
  x.world.run();
  x.net.cut();
  x.world.advance(2s);
  CHECK(a->lost().empty());
  CHECK(!x.is_free("k"));
  x.world.advance(1s);
  CHECK(a->lost().at(0).reason == loss_reason::expired);
  CHECK(x.is_free("k"));
}

TEST_CASE("a client that is found to have nothing when its connection breaks leaves no session") {
  client_world x;
  auto a = x.new_user(x.new_client());
  a->acquire("k", 9s);
  x.world.run();
  CHECK(x.context.remote_sessions == 1);
  SECTION("with a lock there is one for as long as it may come back") {
    x.net.cut();
    x.world.advance(9s);
    CHECK(x.context.remote_sessions == 1);
    x.world.advance(1s);
  }
  SECTION("without, there is not") {
    a->release("k");
    x.world.run();
    x.net.cut();
    x.world.run();
  }
  CHECK(x.context.remote_sessions == 0);
}

TEST_CASE("who asks while a client's many locks are given back is answered among the first") {
  constexpr auto many = 2'000;
  client_world x;
  x.env.max_keys = 2 * many;
  auto a = x.new_user(x.new_client());
  for (int i = 0; i < many; ++i)
    a->acquire(with(hold_mode::connection, "k" + std::to_string(i)));
  x.world.run();
  REQUIRE(x.counts.holders == many);
  x.net.cut();
  while (x.counts.holders == many)
    REQUIRE(x.world.steps().step());
  auto asker = x.lock_fixture::new_client(); // whose mailbox has no answers of the crowd's
  auto other = asker->acquire("other", "you", 10s);
  while (!other->value && x.world.steps().step()) {
  }
  CHECK(x.counts.holders > many / 2);
  CHECK(x.context.remote_sessions == 1); // the server would wait for them
  x.world.run();
  CHECK(x.counts.holders == 1);
  CHECK(x.context.remote_sessions == 0);
}

TEST_CASE("a server that stops leaves locks to their time, but those that hang on connections") {
  client_world x;
  auto a = x.new_user(x.new_client());
  a->acquire(with(hold_mode::session, "session", 30s));
  a->acquire(with(hold_mode::ttl, "ttl", 30s));
  a->acquire(with(hold_mode::connection, "connection", 30s));
  x.world.run();
  x.stop_gateway();
  CHECK(x.is_free("connection"));
  CHECK(a->lost().size() == 1);
  CHECK(!x.is_free("session"));
  CHECK(!x.is_free("ttl"));
  x.world.advance(29s);
  CHECK(!x.is_free("session"));
  CHECK(a->lost().size() == 2); // the one of the session: by its own clock
  x.world.advance(1s);
  CHECK(a->lost().size() == 3);
  CHECK(x.is_free("session"));
}

TEST_CASE(
  "a lock is renewed for the ttl that was asked for, also when its answer was lost at first") {
  client_world x;
  auto a = x.new_user(x.new_client());
  auto request = with(hold_mode::ttl, "k", 30s);
  request.wait = 60s;
  SECTION("its own ttl") {
  }
  SECTION("the server's default") {
    x.config.lock_timeout = 30s;
    request.ttl = 0s;
  }
  x.net.silent = true;
  auto got = a->acquire(request);
  x.world.run();
  CHECK(x.is_free("k")); // the request was lost
  x.net.cut();
  x.net.silent = false;
  x.net.up = true;
  x.world.advance(1s);
  REQUIRE(got->value);
  x.world.advance(60s);
  a->release("k");
  x.world.run();

  // Now the answer.
  x.ask->acquire("k", "other", 1h);
  x.world.run();
  got = a->acquire(request);
  x.world.run();
  x.net.silent = true;
  x.ask->release("k", "other");
  x.world.run();
  x.net.cut();
  x.world.advance(20s);
  CHECK(got->times == 0);
  x.net.silent = false;
  x.net.up = true;
  x.world.advance(3s);
  REQUIRE(got->value);
  CHECK(got->value->ttl <= 10s);
  for (int i = 0; i < 60; ++i) {
    x.world.advance(1s);
    if (i > 10)
      CHECK(x.look("k").holders.at(0).ttl >= 19s);
  }
  CHECK(a->lost().empty());
}

TEST_CASE("what the server says of an earlier grant does not end the present one") {
  client_world x;
  auto a = x.new_user(x.new_client());
  auto first = a->acquire("k", 9s);
  x.world.run();
  a->release("k");
  auto second = a->acquire("k", 9s);
  x.world.run();
  REQUIRE(second->value);
  auto renewed = a->ask<lock_grant>(renew_request{"k", {}, first->value->token, 1h});
  x.world.run();
  CHECK(renewed->is(errc::not_holder));
  CHECK(a->lost().empty());
  // It is renewed as before, and not for the time that was asked for the other.
  x.world.advance(60s);
  CHECK(a->lost().empty());
  REQUIRE(x.look("k").holders.size() == 1);
  CHECK(x.look("k").holders[0].token == second->value->token);
  CHECK(x.look("k").holders[0].ttl <= 9s);
}
