#include "tests/support/catch.hpp"
#include "tests/support/client_world.hpp"

using namespace lockserver;
using namespace std::chrono_literals;
using test::client_world;

namespace {

acquire_lock for_its_ttl(const std::string& key, caf::timespan ttl) {
  acquire_lock x{key};
  x.ttl = ttl;
  x.hold = hold_mode::ttl;
  return x;
}

acquire_lock with_its_connection(const std::string& key) {
  acquire_lock x{key};
  x.ttl = 1h;
  x.hold = hold_mode::connection;
  return x;
}

} // namespace

TEST_CASE("requests wait for a server that is away, each until its own deadline") {
  client_world x;
  x.net.up = false;
  auto a = x.new_user(x.new_client());
  auto soon = a->ask<bool>(check_request{"k"});
  auto later = a->acquire("k", 9s, 30s);
  x.world.advance(4999ms);
  CHECK(soon->times == 0);
  x.world.advance(1ms);
  REQUIRE(soon->is(errc::unreachable));
  CHECK(detail_of(*soon->why).find("connection refused") != std::string::npos);
  x.world.advance(20s);
  x.net.up = true;
  x.world.advance(2s);
  CHECK(later->value);
}

TEST_CASE("attempts to connect come less and less often, down to a bound") {
  client_world x;
  x.net.up = false;
  auto locks = x.new_client();
  auto attempts = [&](std::chrono::nanoseconds within) {
    test::test_connector::attempts = 0;
    x.world.advance(within);
    return test::test_connector::attempts;
  };
  auto first = attempts(1s);
  CHECK(first >= 4);
  CHECK(first <= 8);
  attempts(10s);
  auto steady = attempts(100s);
  CHECK(steady >= 50);
  CHECK(steady <= 100);
}

TEST_CASE("a lock that is to end with the connection is lost with it, at once on both sides") {
  client_world x;
  auto a = x.new_user(x.new_client());
  auto got = a->acquire(with_its_connection("k"));
  x.world.run();
  REQUIRE(got->value);
  x.net.cut();
  x.world.run();
  REQUIRE(a->lost().size() == 1);
  CHECK(a->lost()[0].reason == loss_reason::connection_lost);
  CHECK(a->lost()[0].token == got->value->token);
  CHECK(x.is_free("k"));
}

TEST_CASE("a lock for its ttl outlasts a broken connection, and is renewed after it") {
  client_world x;
  auto a = x.new_user(x.new_client());
  auto got = a->acquire(for_its_ttl("k", 9s));
  x.world.run();
  REQUIRE(got->value);
  x.net.cut();
  x.world.advance(5s);
  CHECK(a->lost().empty());
  CHECK(!x.is_free("k"));
  x.net.up = true;
  x.world.advance(2s);
  CHECK(a->lost().empty());
  x.world.advance(60s);
  CHECK(x.look("k").holders.at(0).token == got->value->token);
}

TEST_CASE("a lock that could not be renewed is lost before the server gives it to the next") {
  client_world x;
  auto a = x.new_user(x.new_client());
  a->acquire(for_its_ttl("k", 10s));
  x.world.run();
  x.net.cut();
  x.world.run();
  auto next = x.ask->acquire("k", "other", 9s, 60s);
  x.world.run();
  // A hundredth of it is the margin.
  x.world.advance(9899ms);
  CHECK(a->lost().empty());
  x.world.advance(1ms);
  REQUIRE(a->lost().size() == 1);
  CHECK(a->lost()[0].reason == loss_reason::expired);
  CHECK(!next->granted());
  x.world.advance(100ms);
  CHECK(next->granted());
}

TEST_CASE("after a reconnect the client finds out what it still holds") {
  client_world x;
  auto a = x.new_user(x.new_client());
  a->acquire(for_its_ttl("kept", 60s));
  a->acquire(for_its_ttl("gone", 60s));
  x.world.run();
  x.net.cut();
  x.ask->ask_any<release_reply>(x.registry, release_request{"gone", {}, 0, true});
  x.world.advance(1s);
  CHECK(a->lost().empty());
  x.net.up = true;
  x.world.advance(2s);
  REQUIRE(a->lost().size() == 1);
  CHECK(a->lost()[0].key == "gone");
  CHECK(a->lost()[0].reason == loss_reason::not_holder);
}

TEST_CASE("a silent network: the client gives up before the server does") {
  client_world x; // sessions end after 10 s
  auto a = x.new_user(x.new_client());
  a->acquire("k", 1h);
  x.world.run();
  auto next = x.ask->acquire("k", "other", 9s, 1h);
  x.world.advance(5s);
  x.net.silent = true;
  auto silent_since = x.world.now();
  while (a->lost().empty())
    x.world.advance(1ms);
  CHECK(a->lost()[0].reason == loss_reason::connection_lost);
  CHECK(!next->granted());
  while (!next->granted())
    x.world.advance(1ms);
  CHECK(x.world.now() - silent_since <= 10s);
  // And when the network is well, the client is.
  x.net.silent = false;
  auto again = a->acquire("other", 9s);
  x.world.advance(10s);
  CHECK(again->times == 1);
}

TEST_CASE("a wait goes on after the connection broke, and is granted once") {
  client_world x;
  auto a = x.new_user(x.new_client());
  x.ask->acquire("k", "other", 1h);
  x.world.run();
  auto got = a->acquire("k", 9s, 60s);
  x.world.advance(10s);
  x.net.cut();
  x.world.run();
  CHECK(x.look("k").queue.empty());
  x.net.up = true;
  x.world.advance(2s);
  CHECK(x.look("k").queue.size() == 1);
  CHECK(got->times == 0);
  SECTION("granted") {
    x.ask->release("k", "other");
    x.world.run();
    CHECK(got->value);
  }
  SECTION("or refused when its own time is over") {
    x.world.advance(47999ms);
    CHECK(got->times == 0);
    x.world.advance(1ms);
    CHECK(got->is(errc::wait_timeout));
  }
  CHECK(got->times == 1);
}

TEST_CASE("a grant whose answer was lost is found again by the repeat") {
  client_world x;
  auto a = x.new_user(x.new_client());
  x.ask->acquire("k", "other", 1h);
  x.world.run();
  auto request = for_its_ttl("k", 30s);
  request.wait = 60s;
  auto got = a->acquire(request);
  x.world.run();
  x.net.silent = true;
  x.ask->release("k", "other");
  x.world.run();
  auto token = x.look("k").holders.at(0).token;
  CHECK(got->times == 0);
  x.net.cut();
  x.net.silent = false;
  x.net.up = true;
  x.world.advance(2s);
  REQUIRE(got->value);
  CHECK(got->value->token == token);
  x.world.advance(90s);
  CHECK(x.look("k").holders.at(0).token == token);
  CHECK(a->lost().empty());
}

TEST_CASE("a release whose answer was lost is repeated, and counts as done") {
  client_world x;
  auto a = x.new_user(x.new_client());
  a->acquire(for_its_ttl("k", 30s));
  x.world.run();
  auto released = a->release("k");
  for (int i = 0; i < 3; ++i) // user, client, wire: it is on its way
    x.world.steps().step();
  x.net.silent = true;
  x.world.run();
  x.net.cut();
  x.net.silent = false;
  x.net.up = true;
  x.world.advance(2s);
  CHECK(released->value == true);
  CHECK(x.is_free("k"));
  CHECK(a->lost().empty());
}

TEST_CASE("without an answer there is an error in time") {
  client_world x;
  auto a = x.new_user(x.new_client());
  x.net.silent = true;
  auto looked = a->ask<lock_info>(inspect_request{"k"});
  auto wanted = a->acquire("k", 9s, 1s);
  x.world.advance(5s);
  CHECK(looked->is(errc::timeout));
  x.world.advance(1s);
  CHECK(wanted->is(errc::timeout));
  CHECK(wanted->times == 1);
}

TEST_CASE("a user that dies while the network is away leaves nothing when it is back") {
  client_world x;
  auto locks = x.new_client();
  auto a = x.new_user(locks);
  a->acquire("k", 1h);
  x.world.run();
  x.net.cut();
  x.world.run();
  a->acquire("k", 1h, 60s);
  x.world.run();
  a->end();
  x.world.run();
  x.net.up = true;
  x.world.advance(3s);
  CHECK(x.is_free("k"));
  CHECK(x.look("k").queue.empty());
}

TEST_CASE("every request is answered once when the client ends, whatever it waits for") {
  client_world x;
  auto locks = x.new_client();
  auto a = x.new_user(locks);
  auto b = x.new_user(locks);
  a->acquire("k", 1h);
  x.world.run();
  auto waits = b->acquire("k", 1h, 1h);
  x.world.run();
  auto asks = b->ask<bool>(check_request{"k"});
  SECTION("with the question on its way") {
  }
  SECTION("without a network") {
    x.net.cut();
    x.world.run();
  }
  x.end_clients();
  x.world.advance(10s); // without a network the server knows no better
  CHECK(waits->is(errc::cancelled));
  CHECK(waits->times == 1);
  CHECK(asks->times == 1);
  CHECK(a->lost().size() == 1);
  auto after = b->ask<bool>(check_request{"k"});
  x.world.run();
  CHECK(after->times == 1);
  CHECK(x.is_free("k"));
}

TEST_CASE("more clients than the server takes are told so") {
  client_world x;
  x.config.max_connections = 1;
  auto first = x.new_user(x.new_client());
  auto second = x.new_user(x.new_client());
  auto ok = first->ask<bool>(check_request{"k"});
  auto refused = second->ask<bool>(check_request{"k"});
  x.world.advance(6s);
  CHECK(ok->value == false);
  REQUIRE(refused->is(errc::unreachable));
  CHECK(detail_of(*refused->why).find("max_connections") != std::string::npos);
}

TEST_CASE("what the server kept of a lost session is given back in the next one") {
  client_world x;
  auto a = x.new_user(x.new_client());
  a->acquire(with_its_connection("k"));
  x.world.run();
  // Only the client hears of it, as when a server with a data directory starts anew.
  x.net.cut_client_side();
  x.world.run();
  x.net.silent = false;
  REQUIRE(a->lost().size() == 1);
  CHECK(!x.is_free("k"));
  auto again = a->acquire("k", 1h);
  x.world.advance(100ms);
  CHECK(again->value);
}

TEST_CASE("a server that has forgotten its locks grants none at first, and says so") {
  client_world x;
  x.config.restart_grace = 30s;
  x.context.started_at = x.world.now();
  auto a = x.new_user(x.new_client());
  auto early = a->acquire("k", 9s);
  auto lease = a->ask<lease_reply>(lease_create_request{{}, 9s});
  x.world.advance(30s);
  REQUIRE(early->is(errc::restart_grace));
  CHECK(detail_of(*early->why).find("30 s") != std::string::npos);
  CHECK(lease->value); // it grants nothing
  auto late = a->acquire("k", 9s);
  x.world.run();
  CHECK(late->value);
}
