// With a store that several servers may write to, one after the other: what may be told
// when, what the loss of the store does, and rounds that wait for more.
#include "tests/support/catch.hpp"
#include "tests/support/durable_fixture.hpp"

#include "lockserver/caf_error.hpp"

#include <string>
#include <vector>

using namespace lockserver;
using namespace lockserver::test;
using namespace std::chrono_literals;

namespace {

struct fixture : durable_fixture {
  // No other server can write for four seconds after each commit; just now was one. The
  // journal looks after the store when a test lets that much time pass.
  fixture() {
    kept.valid_for = 4s;
    kept.keep_pause = 1h;
    ask->acquire("k", "a", 10h);
    // The alarm was set for the usual time.
    world.advance(11s);
    ask->acquire("last", "z", 10h);
    world.run();
  }

  answer_ptr<list_reply> list() {
    auto lister = caf::actor_cast<lister_actor>(
      world.system().spawn<lockserver::lister>(keys, std::vector<std::string>{""}));
    return ask->ask_any<list_reply>(lister, list_request{"", "", 10});
  }
  template <class Request>
  answer_ptr<lease_reply> about_lease(Request x) {
    return ask->ask_any<lease_reply>(leases, std::move(x));
  }
  std::shared_ptr<acquire_answer> acquire_with(const std::string& lease, const std::string& key) {
    acquire_request x;
    x.key = key;
    x.owner = "l";
    return ask->acquire(leases, lease, std::move(x));
  }
};

template <class Answer>
bool is_lost(const Answer& x) {
  return x->failed && x->why == errc::store_failed;
}

// Grants of many keys at once.
std::vector<std::shared_ptr<acquire_answer>> acquire_many(durable_fixture& x, int count,
                                                          const std::string& prefix) {
  std::vector<std::shared_ptr<acquire_answer>> result;
  for (int i = 0; i < count; ++i)
    result.push_back(x.ask->acquire(prefix + std::to_string(i), "o", 10h));
  x.world.run();
  return result;
}

bool all_granted(const std::vector<std::shared_ptr<acquire_answer>>& x) {
  for (auto& one : x)
    if (!one->granted())
      return false;
  return true;
}

bool none_answered(const std::vector<std::shared_ptr<acquire_answer>>& x) {
  for (auto& one : x)
    if (one->times > 0)
      return false;
  return true;
}

} // namespace

// -- what may be told ---------------------------------------------------------

TEST_CASE("as long as no other server can write, what is stored is told without the journal") {
  fixture x;
  x.world.time().pass(3999ms);
  auto held = x.ask->check("k");
  auto is_free = x.ask->check("other");
  auto refused = x.ask->acquire("k", "b", 1s);
  auto page = x.list();
  auto lease = x.about_lease(lease_renew_request{"none"});
  x.run_until_journal();
  CHECK(held->value == true);
  CHECK(is_free->value == false);
  CHECK(refused->has(acquire_reply::held));
  CHECK(page->value->locks.size() == 2);
  CHECK(lease->value->status == lease_reply::expired);
}

TEST_CASE("when another may have written, nothing is told before the store has been asked") {
  fixture x;
  auto made = x.about_lease(lease_create_request{"", 1h});
  x.world.run();
  auto lease = made->value->lease;
  SECTION("since nothing was to be stored for so long") {
    x.world.time().pass(4s);
  }
  SECTION("since the machine was suspended") {
    x.world.time().suspend(4s);
  }
  auto before = x.kept.keeps;
  auto tries = x.kept.tries;
  std::vector<answer_ptr<bool>> checks{x.ask->check("k"), x.ask->verify("k", "a"),
                                       x.ask->verify("k", "b"), x.ask->check("free")};
  std::vector<std::shared_ptr<acquire_answer>> acquired{x.ask->acquire("k", "b", 1s),
                                                        x.ask->acquire("k", "a", 1s),
                                                        x.acquire_with("none", "k")};
  std::vector<answer_ptr<acquire_reply>> renewed;
  std::vector<answer_ptr<release_reply>> released;
  std::vector<answer_ptr<lock_info>> looks;
  for (auto* key : {"k", "free"}) {
    renewed.push_back(x.ask->ask_any<acquire_reply>(x.registry, renew_request{key, "b", 0, 1s}));
    released.push_back(x.ask->ask_any<release_reply>(x.registry, release_request{key, "b"}));
    looks.push_back(x.ask->ask_any<lock_info>(x.registry, inspect_request{key, false}));
  }
  auto page = x.list();
  std::vector<answer_ptr<lease_reply>> about{x.about_lease(lease_inspect_request{lease}),
                                             x.about_lease(lease_inspect_request{"none"}),
                                             x.about_lease(lease_renew_request{"none"}),
                                             x.about_lease(lease_end_request{"none"})};
  x.run_until_journal();
  auto none = [](auto& all) {
    for (auto& one : all)
      CHECK(one->times == 0);
  };
  none(checks);
  none(acquired);
  none(renewed);
  none(released);
  none(looks);
  none(about);
  CHECK(page->times == 0);
  CHECK(x.kept.keeps == before);

  x.world.run();
  CHECK(checks[0]->value == true);
  CHECK(checks[1]->value == true);
  CHECK(checks[2]->value == false);
  CHECK(checks[3]->value == false);
  CHECK(acquired[0]->has(acquire_reply::held));
  CHECK(acquired[1]->has(acquire_reply::already_held));
  CHECK(acquired[2]->has(acquire_reply::lease_expired));
  for (auto i : {0U, 1U}) {
    CHECK(renewed[i]->value->status == acquire_reply::not_holder);
    CHECK(released[i]->value->status == release_reply::not_holder);
  }
  CHECK(looks[0]->value->holders.size() == 1);
  CHECK(looks[1]->value->holders.empty());
  CHECK(page->value->locks.size() == 2);
  CHECK(about[0]->value->status == lease_reply::alive);
  for (auto i : {1U, 2U, 3U})
    CHECK(about[i]->value->status == lease_reply::expired);
  CHECK(x.kept.keeps > before);
  CHECK(x.kept.tries == tries);
}

TEST_CASE("once the store has been asked, the next are told without it") {
  fixture x;
  x.world.time().pass(4s);
  auto first = x.ask->check("k");
  x.world.run();
  REQUIRE(first->value == true);
  auto before = x.kept.keeps;
  auto second = x.ask->check("k");
  x.run_until_journal();
  CHECK(second->value == true);
  CHECK(x.kept.keeps == before);
}

TEST_CASE("a commit says as much as a question to the store") {
  fixture x;
  x.world.time().pass(4s);
  auto keeps = x.kept.keeps;
  auto commits = x.kept.commits;
  auto check = x.ask->check("k");
  auto grant = x.ask->acquire("new", "b", 1s);
  x.world.run();
  CHECK(check->value == true);
  CHECK(grant->granted());
  CHECK(x.kept.keeps == keeps);
  CHECK(x.kept.commits == commits + 1);
}

TEST_CASE("while the store refuses and another may have written, answers wait") {
  fixture x;
  x.world.time().pass(4s);
  x.kept.failing = "the disk is full";
  auto check = x.ask->check("k");
  auto look = x.ask->ask_any<lock_info>(x.registry, inspect_request{"free", false});
  x.world.run();
  CHECK(!x.env.writable());
  auto later = x.ask->verify("k", "a");
  auto page = x.list();
  auto change = x.ask->acquire("k", "b", 1s);
  x.world.advance(249ms);
  CHECK(check->times + look->times + later->times + page->times == 0);
  CHECK(change->has(acquire_reply::store_failed));
  x.heal();
  CHECK(check->value == true);
  CHECK(look->value->holders.empty());
  CHECK(later->value == true);
  CHECK(page->value->locks.size() == 2);
  CHECK(x.env.writable());
}

TEST_CASE("while the store refuses and no other can have written, answers are given") {
  fixture x;
  x.kept.failing = "the disk is full";
  auto grant = x.ask->acquire("new", "b", 1s);
  x.run_until_journal();
  auto check = x.ask->check("last");
  auto undone = x.ask->check("new");
  x.world.run();
  CHECK(grant->has(acquire_reply::store_failed));
  CHECK(check->value == true);
  CHECK(undone->value == false);
}

TEST_CASE("answers that still wait when the server ends are refused") {
  fixture x;
  x.world.time().pass(4s);
  x.kept.failing = "the disk is full";
  auto check = x.ask->check("k");
  auto refused = x.ask->ask_any<release_reply>(x.registry, release_request{"k", "b"});
  x.world.run();
  auto later = x.ask->ask_any<release_reply>(x.registry, release_request{"free", "b"});
  x.world.run();
  CHECK(check->times + later->times == 0);
  compat::anon_send(x.env.journal, shut_down{});
  x.world.run();
  CHECK(is_lost(check));
  CHECK(refused->value->status == release_reply::store_failed);
  CHECK(later->value->status == release_reply::store_failed);
}

TEST_CASE("the store is looked after as often as it asks for") {
  fixture x;
  x.world.advance(1h);
  x.kept.keep_pause = 1s;
  x.world.advance(1h); // the alarm was set for then
  auto before = x.kept.keeps;
  x.world.advance(10s);
  CHECK(x.kept.keeps == before + 10);
}

// -- when the store is lost ---------------------------------------------------

TEST_CASE("when the store is lost, all that waits for it is refused, and nothing is tried again") {
  fixture x;
  std::vector<std::string> told;
  x.env.on_lost = [&told](const std::string& why) { told.push_back(why); };
  auto made = x.about_lease(lease_create_request{"", 10h});
  auto waits = x.ask->acquire("k", "w", 1s, 10h);
  x.world.run();
  x.kept.lost = "b leads since 12:00";
  auto grant = x.ask->acquire("new", "b", 1s);
  auto release = x.ask->ask_any<release_reply>(x.registry, release_request{"k", "a"});
  auto lease = x.about_lease(lease_end_request{made->value->lease});
  x.run_until_journal();
  auto check = x.ask->check("k");
  auto undone = x.ask->verify("new", "b");
  x.world.run();
  CHECK(grant->has(acquire_reply::store_failed));
  CHECK(release->value->status == release_reply::store_failed);
  CHECK(lease->value->status == lease_reply::store_failed);
  CHECK(waits->has(acquire_reply::store_failed));
  CHECK(is_lost(check));
  CHECK(is_lost(undone));
  CHECK(told == std::vector<std::string>{"b leads since 12:00"});
  CHECK(x.env.stored.problem() == "b leads since 12:00");

  // Whatever the store would say now.
  x.kept.lost.clear();
  auto tries = x.kept.tries;
  auto keeps = x.kept.keeps;
  x.world.advance(9h);
  CHECK(!x.env.writable());
  auto again = x.ask->acquire("k", "c", 1s);
  auto held = x.ask->check("k");
  auto is_free = x.ask->check("never");
  auto look = x.ask->ask_any<lock_info>(x.registry, inspect_request{"last", true});
  auto page = x.list();
  auto new_lease = x.about_lease(lease_create_request{"", 1s});
  auto old_lease = x.about_lease(lease_inspect_request{made->value->lease});
  auto no_lease = x.about_lease(lease_renew_request{"none"});
  x.world.run();
  CHECK(again->has(acquire_reply::store_failed));
  CHECK(is_lost(held));
  CHECK(is_lost(is_free));
  CHECK(is_lost(look));
  CHECK(is_lost(page));
  CHECK(new_lease->value->status == lease_reply::store_failed);
  CHECK(old_lease->value->status == lease_reply::store_failed);
  CHECK(no_lease->value->status == lease_reply::store_failed);
  CHECK(x.kept.tries == tries);
  CHECK(x.kept.keeps == keeps);
  CHECK(told.size() == 1);
  CHECK(x.stored() == "k a, last z");
}

TEST_CASE("a loss is seen whenever the store is used") {
  fixture x;
  auto told = 0;
  x.env.on_lost = [&told](const std::string&) { ++told; };
  SECTION("when it is looked after") {
    x.kept.lost = "b leads";
    x.world.advance(1h);
  }
  SECTION("when an answer needs it") {
    x.world.time().pass(4s);
    x.kept.lost = "b leads";
    auto check = x.ask->check("k");
    x.world.run();
    CHECK(is_lost(check));
  }
  SECTION("when it is tried again, for those who wait as well") {
    x.world.time().pass(4s);
    x.kept.failing = "the disk is full";
    auto check = x.ask->check("k");
    x.world.run();
    x.kept.lost = "b leads";
    CHECK(check->times == 0);
    x.world.advance(250ms);
    CHECK(is_lost(check));
  }
  CHECK(told == 1);
  CHECK(!x.env.writable());
  auto check = x.ask->check("k");
  x.world.run();
  CHECK(is_lost(check));
}

// -- rounds that wait for more ------------------------------------------------

TEST_CASE("behind a round of many the next waits for more, so long and no longer") {
  durable_fixture x;
  x.kept.gathers = 1ms;
  auto first = acquire_many(x, 8, "first");
  CHECK(all_granted(first)); // there was no round before
  auto tries = x.kept.tries;
  auto second = acquire_many(x, 3, "second");
  x.world.advance(999us);
  auto third = acquire_many(x, 4, "third");
  CHECK(none_answered(second));
  CHECK(none_answered(third));
  CHECK(x.kept.tries == tries);
  x.world.advance(1us);
  CHECK(all_granted(second));
  CHECK(all_granted(third));
  CHECK(x.kept.tries == tries + 1);
}

TEST_CASE("a round that has as much as the last does not wait any longer") {
  durable_fixture x;
  x.kept.gathers = 1ms;
  acquire_many(x, 8, "first");
  auto tries = x.kept.tries;
  auto second = acquire_many(x, 7, "second");
  CHECK(none_answered(second));
  auto third = acquire_many(x, 1, "third");
  CHECK(all_granted(second));
  CHECK(all_granted(third));
  CHECK(x.kept.tries == tries + 1);
}

TEST_CASE("behind a round of few the next does not wait") {
  durable_fixture x;
  x.kept.gathers = 1ms;
  SECTION("since there are few clients") {
    acquire_many(x, 7, "first");
  }
  SECTION("since many have become few") {
    acquire_many(x, 8, "first");
    acquire_many(x, 7, "second");
    x.world.advance(1ms);
  }
  SECTION("since nobody has come meanwhile") {
    acquire_many(x, 8, "first");
    x.world.advance(1ms);
  }
  CHECK(all_granted(acquire_many(x, 1, "last")));
}

TEST_CASE("what a round that waited has stored is settled soon") {
  durable_fixture x;
  x.kept.gathers = 1ms;
  acquire_many(x, 8, "first");
  acquire_many(x, 8, "second");
  x.world.advance(1ms);
  auto check = x.ask->check("second3");
  x.run_until_journal();
  CHECK(check->value == true);
}

TEST_CASE("a server that ends does not wait for more") {
  durable_fixture x;
  x.kept.gathers = 1ms;
  acquire_many(x, 8, "first");
  auto last = acquire_many(x, 1, "last");
  CHECK(none_answered(last));
  compat::anon_send(x.env.journal, shut_down{});
  x.world.run();
  CHECK(all_granted(last));
}
