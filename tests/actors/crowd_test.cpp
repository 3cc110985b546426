// However much there is to do at one instant, whoever asks meanwhile is answered
// among the first: counted in turns of actors, not in time.
#include "tests/support/catch.hpp"
#include "tests/support/lock_client.hpp"

#include <cstddef>
#include <string>
#include <vector>

using namespace lockserver;
using namespace lockserver::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t crowd = 5'000;

// Turns within which another's lock is granted: some for each piece of work that may
// be under way (`pacer`), and far fewer than for one of each of the crowd.
constexpr std::size_t few_turns = 1'000;

struct fixture : lock_fixture {
  fixture() : lock_fixture(60s) {
    env.max_keys = 2 * crowd;
    env.limits = {2 * crowd, 2 * crowd};
  }

  std::string make_lease() {
    auto made = ask->ask_any<lease_reply>(leases, lease_create_request{{}, 600s});
    world.run();
    return made->value->lease;
  }

  // As many locks as there are in a crowd.
  void fill(const std::string& lease, std::size_t count = crowd) {
    for (std::size_t i = 0; i < count; ++i)
      ask->acquire(leases, lease, request("k" + std::to_string(i), "me"));
    world.run();
    REQUIRE(counts.holders == count);
  }

  static acquire_request request(const std::string& key, const std::string& owner) {
    acquire_request x;
    x.key = key;
    x.owner = owner;
    x.ttl = 600s;
    return x;
  }

  // Turns until another client has a lock.
  std::size_t turns_until_granted() {
    auto asker = new_client(); // whose mailbox has no answers of the crowd's
    auto other = asker->acquire("other", "you", 10s);
    std::size_t turns = 0;
    for (; !other->value && world.steps().step(); ++turns) {
    }
    REQUIRE(other->granted());
    return turns;
  }
};

} // namespace

TEST_CASE("who asks while a lease with many locks ends is answered among the first") {
  fixture x;
  auto lease = x.make_lease();
  x.fill(lease);
  auto by_time = GENERATE(false, true);
  if (by_time) {
    x.world.time().pass(600s);
    REQUIRE(x.world.time().fire());
  } else {
    x.ask->ask_any<lease_reply>(x.leases, lease_end_request{lease});
  }
  REQUIRE(x.world.steps().step("leases"));
  CHECK(x.turns_until_granted() < few_turns);
  CHECK(x.counts.holders > crowd / 2);
  x.world.run();
  CHECK(x.counts.holders == 1);
}

TEST_CASE("a lease is over at once, and its end is answered when its locks are free") {
  fixture x;
  auto lease = x.make_lease();
  x.fill(lease);
  auto ended = x.ask->ask_any<lease_reply>(x.leases, lease_end_request{lease});
  REQUIRE(x.world.steps().step("leases"));
  // Neither renewed nor used any more.
  auto renewed = x.ask->ask_any<lease_reply>(x.leases, lease_renew_request{lease});
  auto late = x.ask->acquire(x.leases, lease, fixture::request("late", "me"));
  while (!ended->value && x.world.steps().step()) {
  }
  REQUIRE(ended->value);
  CHECK(ended->value->status == lease_reply::alive);
  CHECK(ended->value->lease == lease);
  CHECK(x.counts.holders == 0);
  REQUIRE(renewed->value);
  CHECK(renewed->value->status == lease_reply::expired);
  CHECK(late->has(acquire_reply::lease_expired));
  x.world.run();
  CHECK(ended->times == 1);
}

TEST_CASE("a lease with few locks does not end behind one with many") {
  fixture x;
  auto many = x.make_lease();
  x.fill(many);
  auto few = x.make_lease();
  x.ask->acquire(x.leases, few, fixture::request("few", "me"));
  x.world.run();
  x.ask->ask_any<lease_reply>(x.leases, lease_end_request{many});
  auto ended = x.ask->ask_any<lease_reply>(x.leases, lease_end_request{few});
  while (!ended->value && x.world.steps().step()) {
  }
  CHECK(ended->value);
  CHECK(x.counts.holders > crowd / 2);
}

TEST_CASE("leases that end at one instant end some at a time") {
  fixture x;
  x.env.lease_limits.max_leases = crowd;
  for (std::size_t i = 0; i < crowd; ++i)
    x.ask->ask_any<lease_reply>(x.leases, lease_create_request{{}, 10s});
  x.world.run();
  x.world.time().pass(10s);
  REQUIRE(x.world.time().fire());
  REQUIRE(x.world.steps().step("leases"));
  CHECK(x.env.leases > crowd / 2);
  x.world.advance(0s);
  CHECK(x.env.leases == 0);
}

TEST_CASE("who asks while many waiters are answered is answered among the first") {
  fixture x;
  x.ask->acquire("k", "holder", 600s);
  std::vector<std::shared_ptr<acquire_answer>> waiting;
  for (std::size_t i = 0; i < crowd; ++i) {
    auto request = fixture::request("k", "w" + std::to_string(i));
    request.wait = 300s;
    request.mode = lock_mode::shared;
    waiting.push_back(x.ask->acquire(std::move(request)));
  }
  x.world.run();
  REQUIRE(x.counts.waiters == crowd);
  auto in_time = GENERATE(true, false);
  if (in_time) {
    x.ask->release("k", "holder");
    REQUIRE(x.world.steps().step("registry"));
  } else {
    x.world.time().pass(300s);
    REQUIRE(x.world.time().fire());
  }
  REQUIRE(x.world.steps().step("key"));
  CHECK(x.turns_until_granted() < few_turns);
  CHECK(x.counts.waiters > crowd / 2);
  x.world.advance(0s);
  CHECK(x.counts.waiters == 0);
  for (auto& one : waiting) {
    CHECK(one->times == 1);
    CHECK(one->has(in_time ? acquire_reply::granted : acquire_reply::wait_timeout));
  }
}

TEST_CASE("a waiter whose grant has ended before it is told is told that it waited in vain") {
  fixture x;
  x.ask->acquire("k", "holder", 600s);
  std::vector<std::shared_ptr<acquire_answer>> waiting;
  constexpr std::size_t count = 1'000;
  for (std::size_t i = 0; i < count; ++i) {
    auto request = fixture::request("k", "w" + std::to_string(i));
    request.wait = 300s;
    request.mode = lock_mode::shared;
    waiting.push_back(x.ask->acquire(std::move(request)));
  }
  x.world.run();
  x.ask->release("k", "holder");
  REQUIRE(x.world.steps().step("registry"));
  REQUIRE(x.world.steps().step("key")); // all are granted, and some are told
  SECTION("its client has gone") {
    x.ask->withdraw("k", waiting[count - 1]->ticket);
    x.ask->end_wait("k", waiting[count - 2]->ticket);
    x.world.advance(0s);
    CHECK(!waiting[count - 1]->value);
    CHECK(waiting[count - 2]->has(acquire_reply::wait_timeout));
    CHECK(waiting[count - 3]->granted());
    CHECK(x.counts.holders == count - 2);
  }
  SECTION("by force") {
    release_request all{"k", {}};
    all.force = true;
    x.ask->ask_any<release_reply>(x.registry, all);
    x.world.advance(0s);
    CHECK(waiting[0]->granted());
    CHECK(waiting[count - 1]->has(acquire_reply::wait_timeout));
    CHECK(x.counts.holders == 0);
  }
  x.world.run();
  CHECK(x.counts.waiters == 0);
  for (auto& one : waiting)
    CHECK(one->times <= 1);
}

TEST_CASE("who asks while a long list is made is answered among the first") {
  fixture x;
  x.fill(x.make_lease());
  auto lister = caf::actor_cast<lister_actor>(
    x.world.system().spawn<lockserver::lister>(x.keys, std::vector<std::string>{""}));
  auto page = x.ask->ask_any<list_reply>(lister, list_request{"", "", 1'000});
  REQUIRE(x.world.steps().step("lister"));
  REQUIRE(x.world.steps().step("registry"));
  REQUIRE(x.world.steps().step("lister"));
  CHECK(x.turns_until_granted() < few_turns / 2);
  CHECK(!page->value);
  x.world.run();
  REQUIRE(page->value);
  CHECK(page->value->locks.size() == 1'000);
  CHECK(page->value->next == page->value->locks.back().key);
}

TEST_CASE("waits that occupy connections are limited, grants at once are not") {
  fixture x;
  x.env.max_waits = 2;
  auto wait = [&](const std::string& key, const std::string& owner, bool takes_connection) {
    auto request = fixture::request(key, owner);
    request.wait = 100s;
    request.takes_connection = takes_connection;
    auto result = x.ask->acquire(std::move(request));
    x.world.run();
    return result;
  };
  CHECK(wait("k", "holder", true)->granted());
  auto first = wait("k", "a", true);
  CHECK(!wait("k", "b", true)->value);
  CHECK(x.env.waits == 2);
  CHECK(wait("k", "c", true)->has(acquire_reply::too_many_waits));
  CHECK(wait("other", "c", true)->granted());
  CHECK(!wait("k", "of another kind", false)->value);
  // One goes, and there is room again.
  x.ask->withdraw("k", first->ticket);
  x.world.run();
  CHECK(x.env.waits == 1);
  CHECK(!wait("k", "c", true)->value);
  CHECK(x.env.waits == 2);
  x.world.advance(100s);
  CHECK(x.env.waits == 0);
}

TEST_CASE("a lease has no more locks than it may have, waiting requests included") {
  fixture x;
  x.env.lease_limits.max_locks = 3;
  auto lease = x.make_lease();
  auto acquire = [&](const std::string& key, const std::string& owner) {
    auto request = fixture::request(key, owner);
    request.wait = 100s;
    request.request_id = "id";
    auto result = x.ask->acquire(x.leases, lease, std::move(request));
    x.world.run();
    return result;
  };
  x.ask->acquire("taken", "you", 50s);
  CHECK(acquire("a", "me")->granted());
  CHECK(acquire("a", "me")->granted()); // a repeat is no second lock
  CHECK(acquire("b", "me")->granted());
  auto waiting = acquire("taken", "me");
  CHECK(!waiting->value);
  CHECK(acquire("c", "me")->has(acquire_reply::too_many_locks));
  x.world.advance(50s);
  CHECK(waiting->granted());
  CHECK(acquire("c", "me")->has(acquire_reply::too_many_locks));
  x.ask->release("a", "me");
  x.world.run();
  CHECK(acquire("c", "me")->granted());
  CHECK(acquire("d", "me")->has(acquire_reply::too_many_locks));
}

TEST_CASE("the locks of a lease are shown in pages, in the order of their keys") {
  fixture x;
  auto lease = x.make_lease();
  x.fill(lease, 250);
  std::vector<std::string> shown;
  lease_inspect_request question{lease};
  std::size_t pages = 0;
  do {
    auto page = x.ask->ask_any<lease_reply>(x.leases, question);
    x.world.run();
    REQUIRE(page->value);
    CHECK(page->value->locks.size() <= 100);
    for (auto& lock : page->value->locks)
      shown.push_back(lock.key);
    question.after = page->value->next;
    ++pages;
  } while (!question.after.empty());
  CHECK(pages == 3);
  CHECK(shown.size() == 250);
  CHECK(std::is_sorted(shown.begin(), shown.end()));
}

TEST_CASE("answers are bounded in bytes, and say how much there is") {
  fixture x;
  auto lease = x.make_lease();
  const std::string long_text(1'000, '\x01'); // 6,000 bytes in JSON
  for (std::size_t i = 0; i < 300; ++i) {
    auto request = fixture::request("k", "o" + std::to_string(i));
    request.mode = lock_mode::shared;
    request.metadata = long_text;
    x.ask->acquire(std::move(request));
    auto other = fixture::request(std::string(500, 'k') + std::to_string(1'000 + i), "me");
    other.metadata = long_text;
    x.ask->acquire(x.leases, lease, std::move(other));
  }
  x.world.run();
  auto refused = fixture::request("k", "late");
  refused.explain = true;
  auto late = x.ask->acquire(std::move(refused));
  auto look = x.ask->ask_any<lock_info>(x.registry, inspect_request{"k", true});
  auto lister = caf::actor_cast<lister_actor>(
    x.world.system().spawn<lockserver::lister>(x.keys, std::vector<std::string>{""}));
  auto list = x.ask->ask_any<list_reply>(lister, list_request{"", "", 1'000});
  auto leased = x.ask->ask_any<lease_reply>(x.leases, lease_inspect_request{lease, {}, 1'000});
  x.world.run();
  REQUIRE(late->has(acquire_reply::held));
  CHECK(late->value->holders.size() == 10);
  CHECK(late->value->holder_count == 300);
  REQUIRE(look->value);
  CHECK(look->value->holders.size() == 32); // of 6,104 bytes in 196,608
  CHECK(look->value->holder_count == 300);
  REQUIRE(list->value);
  REQUIRE(list->value->locks.size() > 20);
  CHECK(list->value->locks.size() < 50);
  CHECK(list->value->next == list->value->locks.back().key);
  CHECK(list->value->locks.front().holders.size() == 10);
  CHECK(list->value->locks.front().holder_count == 300);
  REQUIRE(leased->value);
  CHECK(leased->value->locks.size() == 300); // of 604 bytes each
  CHECK(leased->value->next.empty());
}
