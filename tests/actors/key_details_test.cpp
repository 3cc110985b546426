// What a key answers beside granted and released: renewals, looks, explanations.
#include "tests/support/catch.hpp"
#include "tests/support/lock_client.hpp"

using namespace lockserver;
using namespace lockserver::test;
using namespace std::chrono_literals;

namespace {

struct fixture : lock_fixture {
  acquire_reply renew(const std::string& owner, std::uint64_t token, virtual_timers::duration ttl) {
    auto answer = ask->ask_any<acquire_reply>(registry, renew_request{"k", owner, token, ttl});
    world.run();
    REQUIRE(answer->value);
    return *answer->value;
  }
  release_reply release(const std::string& owner, std::uint64_t token, bool force = false) {
    auto answer = ask->ask_any<release_reply>(registry, release_request{"k", owner, token, force});
    world.run();
    REQUIRE(answer->value);
    return *answer->value;
  }
  lock_info look(bool with_queue = true) {
    auto answer = ask->ask_any<lock_info>(registry, inspect_request{"k", with_queue});
    world.run();
    REQUIRE(answer->value);
    return *answer->value;
  }
};

} // namespace

TEST_CASE("a renewal moves the end of the grant and keeps its token") {
  fixture x;
  auto a = x.ask->acquire("k", "a", 10s);
  x.world.advance(9s);
  auto renewed = x.renew("a", a->value->token, 10s);
  CHECK(renewed.status == acquire_reply::granted);
  CHECK(renewed.token == a->value->token);
  CHECK(renewed.ttl == 10s);
  CHECK(renewed.expires_at == a->value->expires_at + 9'000'000);
  x.world.advance(9s);
  CHECK(x.look().holders.size() == 1);
  x.world.advance(1s);
  CHECK(x.look().holders.empty());
}

TEST_CASE("who cannot renew is told who holds the key") {
  fixture x;
  CHECK(x.renew("a", 0, 10s).status == acquire_reply::not_holder);
  x.ask->acquire("k", "a", 10s);
  x.world.run();
  auto refused = x.renew("b", 0, 10s);
  CHECK(refused.status == acquire_reply::not_holder);
  REQUIRE(refused.holders.size() == 1);
  CHECK(refused.holders[0].owner == "a");
}

TEST_CASE("a refusal names the holders only when it is to explain") {
  fixture x;
  x.ask->acquire("k", "a", 10s);
  x.ask->acquire("k", "w", 10s, 60s);
  acquire_request request{{"b", 0, 10s, 0s}, "k"};
  auto plain = x.ask->acquire(request);
  request.explain = true;
  auto explained = x.ask->acquire(request);
  request.wait = 5s;
  auto later = x.ask->acquire(request);
  x.world.advance(5s);
  CHECK(plain->value->holders.empty());
  REQUIRE(explained->value->holders.size() == 1);
  CHECK(explained->value->holders[0].ttl == 10s);
  CHECK(explained->value->queue_length == 1);
  REQUIRE(later->has(acquire_reply::wait_timeout));
  CHECK(later->value->waited == 5s);
  REQUIRE(later->value->holders.size() == 1);
  CHECK(later->value->holders[0].ttl == 5s);
  CHECK(later->value->holders[0].held == 5s);
}

TEST_CASE("a look shows holders and the line, with their times") {
  fixture x;
  x.ask->acquire("k", "a", 10s);
  x.world.advance(1s);
  x.ask->acquire("k", "b", 10s, 60s);
  x.world.advance(2s);
  auto info = x.look();
  CHECK(info.key == "k");
  REQUIRE(info.holders.size() == 1);
  CHECK(info.holders[0].ttl == 7s);
  CHECK(info.holders[0].held == 3s);
  REQUIRE(info.queue.size() == 1);
  CHECK(info.queue[0].owner == "b");
  CHECK(info.queue[0].waiting == 2s);
  CHECK(x.look(false).queue.empty());
  CHECK(x.look(false).queue_length == 1);
}

TEST_CASE("a release with the wrong token changes nothing and names the holders") {
  fixture x;
  auto a = x.ask->acquire("k", "a", 10s);
  x.world.run();
  auto refused = x.release("a", a->value->token + 1);
  CHECK(refused.status == release_reply::not_holder);
  REQUIRE(refused.holders.size() == 1);
  CHECK(refused.holders[0].token == a->value->token);
  CHECK(x.release("a", a->value->token).status == release_reply::released);
}

TEST_CASE("a release by force needs no name, and says whether there was anything") {
  fixture x;
  CHECK(x.release("", 0, true).status == release_reply::not_held);
  x.ask->acquire("k", "a", 10s);
  auto b = x.ask->acquire("k", "b", 10s, 60s);
  x.world.run();
  CHECK(x.release("", 0, true).status == release_reply::released);
  CHECK(b->granted());
}

TEST_CASE("a grant without an end has none in its answers, and is not reaped") {
  fixture x;
  auto a = x.ask->acquire("k", "a", forever);
  x.world.advance(100h);
  CHECK(a->value->ttl == forever);
  CHECK(a->value->expires_at == 0);
  CHECK(x.look().holders[0].ttl == forever);
  CHECK(x.keys_alive() == 1);
  x.ask->release("k", "a");
  x.world.advance(2s);
  CHECK(x.keys_alive() == 0);
}

TEST_CASE("there are no more keys than the server allows") {
  fixture x;
  x.env.max_keys = 2;
  x.ask->acquire("k1", "a", 10s);
  x.ask->acquire("k2", "a", 100s);
  auto third = x.ask->acquire("k3", "a", 10s);
  auto again = x.ask->acquire("k2", "b", 10s);
  x.world.run();
  CHECK(third->has(acquire_reply::too_many_keys));
  CHECK(again->has(acquire_reply::held));
  CHECK(x.env.keys == 2);
  x.world.advance(12s); // k1 ends and is reaped
  auto now = x.ask->acquire("k3", "a", 10s);
  x.world.run();
  CHECK(now->granted());
}
