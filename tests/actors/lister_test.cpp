#include "tests/support/catch.hpp"
#include "tests/support/lock_client.hpp"

#include <string>
#include <vector>

using namespace lockserver;
using namespace lockserver::test;
using namespace std::chrono_literals;

namespace {

struct fixture : lock_fixture {
  using lock_fixture::lock_fixture;

  list_reply list(const std::string& prefix, const std::string& after, std::uint64_t limit) {
    auto lister = caf::actor_cast<lister_actor>(
      world.system().spawn<lockserver::lister>(keys, std::vector<std::string>{prefix}));
    auto answer = ask->ask_any<list_reply>(lister, list_request{prefix, after, limit});
    world.run();
    REQUIRE(answer->value);
    return *answer->value;
  }

  void hold(const std::string& key) {
    ask->acquire(key, "me", 1000s);
    world.run();
  }
};

std::vector<std::string> keys_of(const list_reply& x) {
  std::vector<std::string> result;
  for (auto& lock : x.locks)
    result.push_back(lock.key);
  return result;
}

using names = std::vector<std::string>;

} // namespace

TEST_CASE("held keys are listed in byte order, page by page") {
  fixture x;
  for (std::string key : {"b", "a", "\xc3\xa4", "B", "ab", "c"})
    x.hold(key);
  auto page = x.list("", "", 4);
  CHECK(keys_of(page) == names{"B", "a", "ab", "b"});
  CHECK(page.next == "b");
  page = x.list("", page.next, 4);
  CHECK(keys_of(page) == names{"c", "\xc3\xa4"});
  CHECK(page.next.empty());
  CHECK(x.list("", "", 6).next.empty());
}

TEST_CASE("a list with a prefix has nothing else, wherever it begins") {
  fixture x;
  for (std::string key : {"a", "job", "job/1", "job/2", "job0", "k"})
    x.hold(key);
  CHECK(keys_of(x.list("job/", "", 10)) == names{"job/1", "job/2"});
  CHECK(keys_of(x.list("job/", "a", 10)) == names{"job/1", "job/2"});
  CHECK(keys_of(x.list("job/", "job/1", 10)) == names{"job/2"});
  CHECK(x.list("job/", "k", 10).locks.empty());
  CHECK(x.list("z", "", 10).locks.empty());
}

TEST_CASE("keys that nobody holds are left out, and do not end the list") {
  fixture x{100s};
  for (int i = 0; i < 20; ++i)
    x.hold("k" + std::to_string(10 + i));
  for (int i = 0; i < 19; ++i)
    x.ask->release("k" + std::to_string(10 + i), "me");
  x.world.run();
  auto page = x.list("", "", 5);
  CHECK(keys_of(page) == names{"k29"});
  CHECK(page.next.empty());
}

TEST_CASE("a list tells holders, how many wait, and the size of a semaphore") {
  fixture x;
  acquire_request shared;
  shared.key = "s";
  shared.ttl = 10s;
  shared.mode = lock_mode::shared;
  shared.limit = 2;
  for (std::string owner : {"a", "b", "c"}) {
    shared.owner = owner;
    shared.wait = 60s;
    shared.metadata = "of " + owner;
    x.ask->acquire(shared);
    x.world.run();
  }
  auto page = x.list("", "", 5);
  REQUIRE(page.locks.size() == 1);
  REQUIRE(page.locks[0].holders.size() == 2);
  CHECK(page.locks[0].holders[1].owner == "b");
  CHECK(page.locks[0].holders[1].metadata == "of b");
  CHECK(page.locks[0].queue_length == 1);
  CHECK(page.locks[0].queue.empty());
  CHECK(page.locks[0].limit == 2);
}

TEST_CASE("a list that meets the end of the server fails instead of being empty") {
  fixture x;
  x.hold("k");
  auto lister = caf::actor_cast<lister_actor>(
    x.world.system().spawn<lockserver::lister>(x.keys, std::vector<std::string>{""}));
  compat::anon_send(x.registry, shut_down{});
  x.world.run();
  auto answer = x.ask->ask_any<list_reply>(lister, list_request{"", "", 10});
  x.world.run();
  CHECK(answer->failed);
}
