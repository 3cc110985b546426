#include "tests/support/catch.hpp"
#include "tests/support/lock_client.hpp"

using namespace lockserver;
using namespace lockserver::test;
using namespace std::chrono_literals;

namespace {

// A registry with one key actor that is about to be idle: it has been used,
// is free, and its wake-up is due. Tests then let one actor at a time work off
// one message.
struct reaping : lock_fixture {
  reaping() {
    first = ask->acquire("k", "a", 1s);
    ask->release("k", "a");
    world.run();
    REQUIRE(first->granted());
    REQUIRE(keys_alive() == 1);
    world.time().pass(1s);
  }

  void wake_key() {
    REQUIRE(world.time().fire());
  }
  void step(std::string_view name) {
    REQUIRE(world.steps().step(name));
  }

  std::shared_ptr<acquire_answer> first;
};

} // namespace

TEST_CASE("a request that reaches a key before its wake-up keeps it alive") {
  reaping x;
  auto b = x.ask->acquire("k", "b", 10s);
  x.step("registry"); // passes it on
  x.wake_key();       // behind it in the key's mailbox
  x.world.run();
  CHECK(b->granted());
  CHECK(b->times == 1);
  CHECK(x.keys_alive() == 1);
  auto verify = x.ask->verify("k", "b");
  x.world.run();
  CHECK(verify->value == true);
}

TEST_CASE("a request that is passed on before key_idle arrives keeps the key alive") {
  reaping x;
  x.wake_key();
  auto b = x.ask->acquire("k", "b", 10s); // first in the registry's mailbox
  x.step("key");                          // says key_idle, second
  x.step("registry");                     // passes the request on
  x.step("registry");                     // ignores key_idle
  CHECK(x.keys_alive() == 1);
  x.world.run();
  CHECK(b->granted());
  CHECK(b->times == 1);
  CHECK(x.keys_alive() == 1);
  auto c = x.ask->acquire("k", "c", 10s);
  x.world.run();
  CHECK(c->has(acquire_reply::held));
}

TEST_CASE("a request on its way to the key when key_idle is sent keeps the key alive") {
  reaping x;
  x.wake_key();
  auto b = x.ask->acquire("k", "b", 10s);
  x.step("registry"); // passes it on, behind the wake-up in the key's mailbox
  x.step("key");      // wakes up and says key_idle
  x.step("registry"); // must not reap: the request is still on its way
  x.world.run();
  CHECK(b->granted());
  CHECK(x.keys_alive() == 1);
  // The key is idle again later.
  x.ask->release("k", "b");
  x.world.advance(20s);
  CHECK(x.keys_alive() == 0);
}

TEST_CASE("a question that crosses key_idle is answered, and the key is idle again later") {
  reaping x;
  x.wake_key();
  auto check = x.ask->check("k");
  x.step("key");
  x.world.run();
  CHECK(check->value == false);
  CHECK(check->times == 1);
  CHECK(x.keys_alive() == 1);
  x.world.advance(1s);
  CHECK(x.keys_alive() == 0);
}

TEST_CASE("a request that arrives behind key_idle gets a new key actor") {
  reaping x;
  x.wake_key();
  x.step("key");                          // key_idle, first in the registry's mailbox
  auto b = x.ask->acquire("k", "b", 10s); // second
  x.step("registry");                     // reaps
  x.step("registry");                     // spawns the heir
  CHECK(x.env.keys == 2);                 // `shut_down` is still in the old one's mailbox
  x.world.run();
  CHECK(b->granted());
  CHECK(b->times == 1);
  CHECK(b->value->token > x.first->value->token);
  CHECK(x.keys_alive() == 1);
  CHECK(x.env.keys == 1);
  CHECK(x.counts.holders == 1);
  auto c = x.ask->acquire("k", "c", 10s, 60s);
  x.world.advance(10s);
  CHECK(c->granted());
}

TEST_CASE("a question that arrives behind key_idle is answered without an actor") {
  reaping x;
  x.wake_key();
  x.step("key");
  auto check = x.ask->check("k");
  auto release = x.ask->release("k", "a");
  x.ask->withdraw("k", x.first->ticket);
  x.world.run();
  CHECK(check->value == false);
  CHECK(release->value == false);
  CHECK(x.keys_alive() == 0);
}

TEST_CASE("a late key_idle of an earlier actor does not end its heir") {
  // Without an idle time a key says key_idle after each request and with each
  // wake-up, so two with the same count can be on their way.
  lock_fixture x{0s};
  auto step = [&x](std::string_view name) { REQUIRE(x.world.steps().step(name)); };
  auto a = x.ask->acquire("k", "a", 1s);
  x.world.run();
  REQUIRE(a->granted());
  x.ask->release("k", "a");
  step("registry");
  step("key"); // released; first key_idle
  x.world.time().pass(1s);
  REQUIRE(x.world.time().fire());
  auto b = x.ask->acquire("k", "b", 10s);
  auto verify = x.ask->verify("k", "b"); // the heir, too, gets two requests
  step("key");                           // second key_idle, behind those
  step("registry");                      // first key_idle: reaps
  step("registry");                      // spawns the heir
  step("registry");
  CHECK(x.env.keys == 2);
  step("registry"); // second key_idle: must not end the heir
  x.world.run();
  CHECK(b->granted());
  CHECK(verify->value == true);
  CHECK(x.keys_alive() == 1);
  auto c = x.ask->acquire("k", "c", 10s);
  x.world.run();
  CHECK(c->has(acquire_reply::held));
}

TEST_CASE("a key_idle from a stranger changes nothing") {
  lock_fixture x;
  auto a = x.ask->acquire("k", "a", 10s);
  x.world.run();
  x.ask->tell(key_idle{"k", 1});
  x.ask->tell(key_idle{"unknown", 0});
  x.world.run();
  auto verify = x.ask->verify("k", "a");
  x.world.run();
  CHECK(verify->value == true);
  CHECK(x.keys_alive() == 1);
}

TEST_CASE("a stop that crosses a reaping ends both actors") {
  reaping x;
  x.wake_key();
  x.step("key");
  x.ask->tell(shut_down{});
  x.world.run();
  CHECK(x.world.actors() == x.own_actors - 1); // the registry has gone, too
  CHECK(x.env.keys == 0);
}

TEST_CASE("ten thousand keys leave nothing behind") {
  lock_fixture x;
  for (int i = 0; i < 2'000; ++i) {
    for (int j = 0; j < 5; ++j)
      x.ask->acquire("k" + std::to_string(i) + "/" + std::to_string(j), "a", 1s);
    x.world.advance(100ms);
  }
  CHECK(x.keys_alive() <= 60);
  x.world.advance(10s);
  CHECK(x.keys_alive() == 0);
  CHECK(x.env.keys == 0);
  CHECK(x.world.time().empty());
}
