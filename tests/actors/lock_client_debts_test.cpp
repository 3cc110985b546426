// What users give up while the server is away reaches it when it is back.
#include "tests/support/catch.hpp"
#include "tests/support/client_world.hpp"

using namespace lockserver;
using namespace std::chrono_literals;
using test::client_world;

namespace {

acquire_lock for_its_ttl(const std::string& key, caf::timespan ttl = 1h, caf::timespan wait = 0s) {
  acquire_lock x{key};
  x.ttl = ttl;
  x.wait = wait;
  x.hold = hold_mode::ttl;
  return x;
}

// A client with one user, in a network that a test cuts.
struct one_user : client_world {
  void mend() {
    net.silent = false;
    net.up = true;
    world.advance(3s);
  }

  // Granted by the server, of which the user has not heard.
  std::shared_ptr<test::outcome<lock_grant>> grant_with_lost_answer(acquire_lock x) {
    this->ask->acquire(x.key, "other", 1h);
    world.run();
    auto result = user->acquire(std::move(x));
    world.run();
    net.silent = true;
    this->ask->release("k", "other");
    world.run();
    CHECK(look("k").holders.size() == 1);
    CHECK(result->times == 0);
    net.cut();
    world.run();
    return result;
  }

  std::unique_ptr<test::user> user = new_user(new_client());
};

} // namespace

TEST_CASE_METHOD(one_user, "a release that found no server in time is made up for") {
  user->acquire(for_its_ttl("k"));
  world.run();
  net.cut();
  world.run();
  auto released = user->release("k");
  world.advance(6s);
  CHECK(released->is(errc::unreachable));
  CHECK(!is_free("k"));
  mend();
  CHECK(is_free("k"));
  CHECK(user->lost().empty());
}

TEST_CASE_METHOD(one_user, "a release that was sent and not answered is made up for") {
  user->acquire(for_its_ttl("k"));
  world.run();
  net.silent = true;
  auto released = user->release("k");
  world.advance(6s);
  CHECK(released->is(errc::timeout));
  CHECK(!is_free("k"));
  net.cut();
  mend();
  CHECK(is_free("k"));
}

TEST_CASE_METHOD(one_user, "the locks of a user that dies without a server are released later") {
  user->acquire(for_its_ttl("k"));
  world.run();
  net.cut();
  world.run();
  user->end();
  world.run();
  CHECK(!is_free("k"));
  SECTION("when it is back") {
    mend();
    CHECK(is_free("k"));
  }
  SECTION("when it is back for longer than an answer takes") {
    net.up = true;
    while (net.connections.empty())
      world.advance(1ms);
    net.silent = true;
    world.advance(1s);
    net.cut();
    world.advance(1s);
    mend();
    CHECK(is_free("k"));
  }
}

TEST_CASE_METHOD(one_user, "a later lock of the same owner is not released for an earlier one") {
  acquire_lock request = for_its_ttl("k", 60s);
  request.owner = "shared name";
  user->acquire(request);
  world.run();
  net.cut();
  world.run();
  user->end();
  world.run();
  // Somebody else ends it, and it is granted anew.
  this->ask->ask_any<release_reply>(registry, release_request{"k", {}, 0, true});
  this->ask->acquire("k", "shared name", 1h);
  world.run();
  auto token = look("k").holders.at(0).token;
  mend();
  REQUIRE(look("k").holders.size() == 1);
  CHECK(look("k").holders[0].token == token);
}

TEST_CASE_METHOD(one_user, "a grant whose answer was lost goes back if it is not wanted any more") {
  auto got = grant_with_lost_answer(for_its_ttl("k", 1h, 60s));
  SECTION("as its user has called it off") {
    user->ask<bool>(cancel_wait{"k"});
    world.run();
    CHECK(got->is(errc::cancelled));
  }
  SECTION("as its user has died") {
    user->end();
    world.run();
  }
  SECTION("as its time is over") {
    world.advance(70s);
    CHECK(got->is(errc::unreachable));
  }
  CHECK(!is_free("k"));
  mend();
  CHECK(is_free("k"));
}

TEST_CASE_METHOD(one_user, "what ends by itself while the server is away is not asked for again") {
  user->acquire(for_its_ttl("k", 9s));
  world.run();
  net.cut();
  world.run();
  user->end();
  world.advance(20s);
  this->ask->acquire("k", "other", 1h);
  mend();
  CHECK(look("k").holders.at(0).owner == "other");
}

TEST_CASE_METHOD(one_user, "a lease of a user that dies without a server is ended later") {
  auto lease = user->ask<lease_reply>(lease_create_request{{}, 1h});
  world.run();
  REQUIRE(lease->value);
  acquire_lock leased{"k"};
  leased.lease = lease->value->lease;
  user->acquire(leased);
  world.run();
  CHECK(!is_free("k"));
  net.cut();
  world.run();
  user->end();
  world.run();
  mend();
  CHECK(is_free("k"));
}
