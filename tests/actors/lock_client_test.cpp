#include "tests/support/catch.hpp"
#include "tests/support/client_world.hpp"

using namespace lockserver;
using namespace std::chrono_literals;
using test::client_world;

TEST_CASE("a client actor gets a lock, renews it, and gives it back") {
  client_world x;
  auto locks = x.new_client();
  auto a = x.new_user(locks);
  auto got = a->acquire("k", 9s);
  x.world.run();
  REQUIRE(got->value);
  CHECK(got->value->token == 1001);
  CHECK(got->value->ttl == 9s);
  CHECK(got->value->key == "k");
  x.world.advance(60s);
  CHECK(x.look("k").holders.size() == 1);
  CHECK(a->lost().empty());
  auto released = a->release("k");
  x.world.run();
  CHECK(released->value == true);
  CHECK(x.is_free("k"));
  x.world.advance(60s);
  CHECK(a->lost().empty());
  CHECK(got->times == 1);
}

TEST_CASE("a lock is renewed each third of its ttl") {
  client_world x;
  auto a = x.new_user(x.new_client());
  a->acquire("k", 9s);
  x.world.run();
  for (int i = 0; i < 5; ++i) {
    x.world.advance(2999ms);
    CHECK(x.look("k").holders.at(0).ttl == 6001ms);
    x.world.advance(1ms);
    CHECK(x.look("k").holders.at(0).ttl == 9s);
  }
}

TEST_CASE("users of one client are owners of their own") {
  client_world x;
  auto locks = x.new_client({.name = "w"});
  auto a = x.new_user(locks);
  auto b = x.new_user(locks);
  auto first = a->acquire("k", 9s);
  auto second = b->acquire("k", 9s);
  x.world.run();
  REQUIRE(first->value);
  CHECK(first->value->owner.starts_with("w/"));
  REQUIRE(second->is(errc::held));
  CHECK(detail_of(*second->why).find(first->value->owner) != std::string::npos);
  auto again = a->acquire("k", 9s);
  x.world.run();
  CHECK(again->is(errc::already_held));
}

TEST_CASE("a waiter is granted when the holder gives back, in order") {
  client_world x;
  auto locks = x.new_client();
  auto a = x.new_user(locks);
  auto b = x.new_user(locks);
  auto c = x.new_user(x.new_client());
  a->acquire("k", 9s);
  x.world.run();
  auto second = b->acquire("k", 9s, 30s);
  x.world.run();
  auto third = c->acquire("k", 9s, 30s);
  x.world.advance(20s);
  CHECK(second->times == 0);
  a->release("k");
  x.world.run();
  REQUIRE(second->value);
  CHECK(second->value->waited == 20s);
  CHECK(third->times == 0);
  x.world.advance(10s);
  CHECK(third->is(errc::wait_timeout));
}

TEST_CASE("bad requests are refused with a sentence and change nothing") {
  client_world x;
  auto a = x.new_user(x.new_client());
  acquire_lock wrong{"k"};
  SECTION("an empty key") {
    wrong.key.clear();
  }
  SECTION("a ttl beyond the limit") {
    wrong.ttl = 25h;
  }
  SECTION("a wait beyond the limit") {
    wrong.wait = 2h;
  }
  SECTION("a negative wait") {
    wrong.wait = -5s;
  }
  SECTION("an unknown mode") {
    wrong.mode = static_cast<lock_mode>(7);
  }
  SECTION("a limit without shared") {
    wrong.limit = 3;
  }
  SECTION("long metadata") {
    wrong.metadata = std::string(1025, 'x');
  }
  SECTION("a ttl and a lease") {
    wrong.ttl = 1s;
    wrong.lease = "x";
  }
  auto got = a->acquire(wrong);
  x.world.run();
  REQUIRE(got->is(errc::bad_request));
  CHECK(detail_of(*got->why).size() > 10);
  CHECK(x.is_free("k"));
}

TEST_CASE("when its user dies, its locks are released and its waits called off") {
  client_world x;
  auto locks = x.new_client();
  auto a = x.new_user(locks);
  auto b = x.new_user(locks);
  a->acquire("held", 9s);
  b->acquire("wanted", 9s);
  x.world.run();
  a->acquire("wanted", 9s, 60s);
  x.world.run();
  CHECK(x.look("wanted").queue.size() == 1);
  a->end();
  x.world.run();
  CHECK(x.is_free("held"));
  CHECK(x.look("wanted").queue.empty());
  CHECK(x.look("wanted").holders.size() == 1);
}

TEST_CASE("a user may die at each step of an acquire, and nothing stays behind") {
  for (int steps = 0; steps < 40; ++steps) {
    client_world x;
    auto locks = x.new_client();
    auto before = x.world.actors();
    auto a = x.new_user(locks);
    acquire_lock request{"k"};
    request.ttl = 1h;
    request.hold = static_cast<hold_mode>(steps % 2);
    a->acquire(request);
    for (int i = 0; i < steps / 2; ++i)
      x.world.steps().step();
    a->end();
    x.world.run();
    CHECK(x.is_free("k"));
    x.world.advance(2s);
    CHECK(x.world.actors() == before);
  }
}

TEST_CASE("a wait can be called off") {
  client_world x;
  auto locks = x.new_client();
  auto a = x.new_user(locks);
  auto b = x.new_user(locks);
  a->acquire("k", 9s);
  x.world.run();
  auto got = b->acquire("k", 9s, 60s);
  x.world.run();
  auto none = b->ask<bool>(cancel_wait{"other"});
  auto some = b->ask<bool>(cancel_wait{"k"});
  x.world.run();
  CHECK(none->value == false);
  CHECK(some->value == true);
  CHECK(got->is(errc::cancelled));
  CHECK(x.look("k").queue.empty());
}

TEST_CASE("a lock that an operator has ended is lost at the next renewal") {
  client_world x;
  auto a = x.new_user(x.new_client());
  auto got = a->acquire("k", 9s);
  x.world.run();
  x.ask->ask_any<release_reply>(x.registry, release_request{"k", {}, 0, true});
  x.world.advance(2999ms);
  CHECK(a->lost().empty());
  x.world.advance(1ms);
  REQUIRE(a->lost().size() == 1);
  CHECK(a->lost()[0].reason == loss_reason::not_holder);
  CHECK(a->lost()[0].token == got->value->token);
  CHECK(a->lost()[0].key == "k");
}

TEST_CASE("renewing with another ttl lasts, and what is not held cannot be renewed") {
  client_world x;
  auto a = x.new_user(x.new_client());
  auto got = a->acquire("k", 9s);
  x.world.run();
  auto renewed = a->ask<lock_grant>(renew_request{"k", {}, 0, 90s});
  auto refused = a->ask<lock_grant>(renew_request{"other", {}, 0, 90s});
  x.world.run();
  REQUIRE(renewed->value);
  CHECK(renewed->value->token == got->value->token);
  CHECK(refused->is(errc::not_holder));
  x.world.advance(29s);
  CHECK(x.look("k").holders.at(0).ttl == 61s);
  x.world.advance(1s);
  CHECK(x.look("k").holders.at(0).ttl == 90s);
}

TEST_CASE("verify, check, inspect and list say what the server knows") {
  client_world x;
  auto locks = x.new_client();
  auto a = x.new_user(locks);
  auto b = x.new_user(locks);
  a->acquire("k", 9s);
  x.world.run();
  auto mine = a->ask<bool>(verify_lock{"k"});
  auto not_mine = b->ask<bool>(verify_lock{"k"});
  auto locked = b->ask<bool>(check_request{"k"});
  auto unlocked = b->ask<bool>(check_request{"other"});
  auto info = b->ask<lock_info>(inspect_request{"k", true});
  auto page = b->ask<list_reply>(list_request{});
  x.world.run();
  CHECK(mine->value == true);
  CHECK(not_mine->value == false);
  CHECK(locked->value == true);
  CHECK(unlocked->value == false);
  CHECK(info->value->holders.size() == 1);
  REQUIRE(page->value);
  REQUIRE(page->value->locks.size() == 1);
  CHECK(page->value->locks[0].key == "k");
}

TEST_CASE("semaphores and shared locks are the same as over HTTP") {
  client_world x;
  auto locks = x.new_client();
  auto a = x.new_user(locks);
  auto b = x.new_user(locks);
  auto c = x.new_user(locks);
  acquire_lock request{"k"};
  request.mode = lock_mode::shared;
  request.limit = 2;
  request.wait = 0s;
  auto first = a->acquire(request);
  auto second = b->acquire(request);
  auto third = c->acquire(request);
  x.world.run();
  CHECK(first->value);
  CHECK(second->value);
  CHECK(third->is(errc::held));
  request.limit = 3;
  auto mismatch = c->acquire(request);
  x.world.run();
  CHECK(mismatch->is(errc::limit_mismatch));
}

TEST_CASE("a lease is kept alive until it is ended, and its locks with it") {
  client_world x;
  auto locks = x.new_client();
  auto a = x.new_user(locks);
  auto lease = a->ask<lease_reply>(lease_create_request{{}, 6s});
  x.world.run();
  REQUIRE(lease->value);
  acquire_lock request{"k"};
  request.lease = lease->value->lease;
  auto got = a->acquire(request);
  x.world.run();
  REQUIRE(got->value);
  CHECK(got->value->ttl == 6s);
  x.world.advance(60s);
  CHECK(!x.is_free("k"));
  SECTION("by its user") {
    auto ended = a->ask<lease_reply>(lease_end_request{lease->value->lease});
    x.world.run();
    CHECK(ended->value);
  }
  SECTION("by its user's end") {
    a->end();
    x.world.run();
  }
  CHECK(x.is_free("k"));
  CHECK(x.env.leases == 0);
}

TEST_CASE("a lock with a lease that others end is lost") {
  client_world x;
  auto a = x.new_user(x.new_client());
  auto b = x.new_user(x.new_client());
  auto lease = a->ask<lease_reply>(lease_create_request{{}, 6s});
  x.world.run();
  acquire_lock request{"k"};
  request.lease = lease->value->lease;
  b->acquire(request);
  x.world.advance(60s);
  CHECK(b->lost().empty());
  a->ask<lease_reply>(lease_end_request{request.lease});
  x.world.advance(6s);
  REQUIRE(b->lost().size() == 1);
  CHECK(b->lost()[0].reason == loss_reason::lease_expired);
  auto gone = b->ask<lease_reply>(lease_renew_request{request.lease});
  x.world.run();
  CHECK(gone->is(errc::lease_expired));
}

TEST_CASE("a client that is told to end gives everything back") {
  client_world x;
  auto locks = x.new_client();
  auto a = x.new_user(locks);
  auto b = x.new_user(locks);
  acquire_lock request{"k"};
  request.ttl = 1h;
  request.hold = hold_mode::ttl;
  a->acquire(request);
  x.world.run();
  auto waiting = b->acquire("k", 9s, 60s);
  x.world.run();
  compat::anon_send(locks, shut_down{});
  x.world.run();
  CHECK(waiting->is(errc::cancelled));
  CHECK(waiting->times == 1);
  CHECK(x.is_free("k"));
  REQUIRE(a->lost().size() == 1);
  CHECK(a->lost()[0].reason == loss_reason::stopping);
}

TEST_CASE("what a user's renewal was promised, the client's own does not take back") {
  client_world x;
  auto a = x.new_user(x.new_client());
  a->acquire("k", 3s);
  x.world.run();
  // The client's own renewal is due when the user's is on its way.
  x.world.time().pass(1s);
  auto renewed = a->ask<lock_grant>(renew_request{"k", {}, 0, 60s});
  x.world.steps().step();
  x.world.time().fire();
  x.world.run();
  CHECK(renewed->value);
  CHECK(x.look("k").holders.at(0).ttl == 60s);
  x.world.advance(19s);
  CHECK(x.look("k").holders.at(0).ttl == 41s);
  CHECK(a->lost().empty());
}

TEST_CASE("a renewal is refused when its lock was lost before the answer came") {
  client_world x;
  auto a = x.new_user(x.new_client());
  a->acquire("k", 3s);
  x.world.run();
  x.world.time().pass(1s);
  auto renewed = a->ask<lock_grant>(renew_request{"k", {}, 0, 60s});
  x.world.steps().step(); // it is on its way
  x.world.time().pass(1980ms);
  while (x.world.time().fire()) {
  }
  x.world.run();
  CHECK(a->lost().size() == 1);
  CHECK(renewed->is(errc::not_holder));
  CHECK(x.is_free("k"));
}

TEST_CASE("a renewal that asks for too much is refused, and the lock lasts as before") {
  client_world x;
  auto a = x.new_user(x.new_client());
  a->acquire("k", 3s);
  x.world.run();
  auto refused = a->ask<lock_grant>(renew_request{"k", {}, 0, 48h});
  x.world.run();
  CHECK(refused->is(errc::bad_request));
  x.world.advance(60s);
  CHECK(a->lost().empty());
  CHECK(!x.is_free("k"));
}
