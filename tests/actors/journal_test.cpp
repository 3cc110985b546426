// What the journal promises when nothing goes wrong.
#include "tests/support/catch.hpp"
#include "tests/support/durable_fixture.hpp"

#include <new>

using namespace lockserver;
using namespace lockserver::test;
using namespace std::chrono_literals;

TEST_CASE("a grant is answered when it is stored, not before") {
  durable_fixture x;
  auto a = x.ask->acquire("k", "a", 10s);
  x.run_until_journal();
  CHECK(a->times == 0);
  CHECK(x.stored().empty());
  x.world.run();
  REQUIRE(a->granted());
  CHECK(a->value->token == 1001);
  CHECK(x.stored() == "k a");
  CHECK(x.kept.last_token() == 1001);
}

TEST_CASE("a release is answered when it is stored, and so is the grant that follows") {
  durable_fixture x;
  x.ask->acquire("k", "a", 10s);
  auto b = x.ask->acquire("k", "b", 10s, 60s);
  x.world.run();
  auto release = x.ask->release("k", "a");
  x.run_until_journal();
  CHECK(release->times == 0);
  CHECK(b->times == 0);
  CHECK(x.stored() == "k a");
  x.world.run();
  CHECK(release->value == true);
  CHECK(b->granted());
  CHECK(x.stored() == "k b");
}

TEST_CASE("an expiry and the grant that follows are stored together") {
  durable_fixture x;
  x.ask->acquire("k", "a", 10s);
  auto b = x.ask->acquire("k", "b", 10s, 60s);
  x.world.run();
  auto before = x.kept.commits;
  x.world.advance(10s);
  CHECK(b->granted());
  CHECK(x.stored() == "k b");
  CHECK(x.kept.commits == before + 1);
}

TEST_CASE("nobody is told of a grant that is not stored yet") {
  durable_fixture x;
  x.ask->acquire("k", "a", 10s);
  x.run_until_journal();
  auto check = x.ask->check("k");
  auto verify = x.ask->verify("k", "a");
  auto refused = x.ask->acquire("k", "b", 10s);
  auto again = x.ask->acquire("k", "a", 10s);
  auto look = x.ask->ask_any<lock_info>(x.registry, inspect_request{"k"});
  auto elsewhere = x.ask->check("other");
  x.run_until_journal();
  CHECK(check->times + verify->times + refused->times + again->times + look->times == 0);
  CHECK(elsewhere->value == false);
  x.world.run();
  CHECK(check->value == true);
  CHECK(verify->value == true);
  CHECK(refused->has(acquire_reply::held));
  CHECK(again->has(acquire_reply::already_held));
  CHECK(look->value->holders.size() == 1);
}

TEST_CASE("nobody is told that a key is free before its release is stored") {
  durable_fixture x;
  x.ask->acquire("k", "a", 10s);
  x.world.run();
  x.ask->release("k", "a");
  x.run_until_journal();
  auto check = x.ask->check("k");
  x.run_until_journal();
  // However long it takes: the key stays, for its heir would not know.
  x.world.time().pass(1h);
  while (x.world.time().fire())
    x.run_until_journal();
  CHECK(check->times == 0);
  CHECK(x.keys_alive() == 1);
  x.world.run();
  CHECK(check->value == false);
  x.world.advance(10s);
  CHECK(x.keys_alive() == 0);
}

TEST_CASE("what is stored is answered without the journal") {
  durable_fixture x;
  x.ask->acquire("k", "a", 10s);
  x.world.run();
  auto check = x.ask->check("k");
  auto refused = x.ask->acquire("k", "b", 10s);
  x.run_until_journal();
  CHECK(check->value == true);
  CHECK(refused->has(acquire_reply::held));
}

TEST_CASE("decisions that come while a commit is under way share the next") {
  durable_fixture x;
  auto before = x.kept.tries;
  std::vector<std::shared_ptr<acquire_answer>> answers;
  for (int i = 0; i < 50; ++i)
    answers.push_back(x.ask->acquire("k" + std::to_string(i), "a", 10s));
  x.run_until_journal();
  x.world.run();
  for (auto& answer : answers)
    CHECK(answer->granted());
  CHECK(x.kept.tries == before + 1);
}

TEST_CASE("a renewal is stored with its new end") {
  durable_fixture x;
  x.ask->acquire("k", "a", 10s);
  x.world.advance(5s);
  auto renewed = x.ask->ask_any<acquire_reply>(x.registry, renew_request{"k", "a", 0, 60s});
  x.run_until_journal();
  CHECK(renewed->times == 0);
  x.world.run();
  CHECK(renewed->value->status == acquire_reply::granted);
  auto found = contents_of(x.kept).grants.at(1001).second;
  CHECK(found.expires_at == x.world.now().time_since_epoch() + 60s);
  CHECK(found.ttl == 60s);
}

TEST_CASE("a repeat, a question and a refusal store nothing") {
  durable_fixture x;
  acquire_request request;
  request.key = "k";
  request.owner = "a";
  request.ttl = 10s;
  request.request_id = "r";
  x.ask->acquire(request);
  x.world.run();
  auto before = x.kept.tries;
  auto repeat = x.ask->acquire(request);
  auto wrong = x.ask->release("k", "b");
  x.ask->check("k");
  x.world.run();
  CHECK(repeat->granted());
  CHECK(wrong->value == false);
  CHECK(x.kept.tries == before);
}

TEST_CASE("a lease is made, renewed and ended when that is stored") {
  durable_fixture x;
  auto made = x.ask->ask_any<lease_reply>(x.leases, lease_create_request{"o", 10s});
  x.run_until_journal();
  CHECK(made->times == 0);
  x.world.run();
  REQUIRE(made->value->status == lease_reply::alive);
  auto lease = made->value->lease;
  CHECK(contents_of(x.kept).leases.at(1).name == lease);
  x.world.advance(4s);
  auto renewed = x.ask->ask_any<lease_reply>(x.leases, lease_renew_request{lease});
  x.run_until_journal();
  auto seen = x.ask->ask_any<lease_reply>(x.leases, lease_inspect_request{lease});
  x.run_until_journal();
  CHECK(renewed->times + seen->times == 0);
  x.world.run();
  CHECK(renewed->value->ttl == 10s);
  CHECK(seen->value->ttl == 6s); // as was stored when it was asked
  CHECK(contents_of(x.kept).leases.at(1).expires_at == x.world.now().time_since_epoch() + 10s);
  acquire_request request;
  request.key = "k";
  request.owner = "o";
  auto got = x.ask->acquire(x.leases, lease, request);
  x.world.run();
  CHECK(got->granted());
  auto ended = x.ask->ask_any<lease_reply>(x.leases, lease_end_request{lease});
  x.run_until_journal();
  CHECK(ended->times == 0);
  CHECK(x.stored() == "k o");
  x.world.run();
  CHECK(ended->value->status == lease_reply::alive);
  CHECK(x.stored().empty());
  CHECK(contents_of(x.kept).leases.empty());
}

TEST_CASE("a lease that runs out is not stored any more, nor are its locks") {
  durable_fixture x;
  auto made = x.ask->ask_any<lease_reply>(x.leases, lease_create_request{"", 10s});
  x.world.run();
  acquire_request request;
  request.key = "k";
  request.owner = "o";
  x.ask->acquire(x.leases, made->value->lease, request);
  x.world.advance(10s);
  CHECK(x.stored().empty());
  CHECK(contents_of(x.kept).leases.empty());
  CHECK(x.env.leases == 0);
}

TEST_CASE("what was stored is held again, by the same owners, with their tokens and time") {
  durable_fixture x;
  grant_record exclusive{7, "a"};
  exclusive.expires_at = x.world.now().time_since_epoch() + 10s;
  grant_record shared{8, "b", lock_mode::shared, 2};
  shared.expires_at = forever;
  grant_record of_lease{9, "c", lock_mode::exclusive, 0, 5};
  of_lease.expires_at = forever;
  grant_record of_none{10, "d", lock_mode::exclusive, 0, 6};
  of_none.expires_at = forever;
  auto until = x.world.now().time_since_epoch() + 30s;
  compat::anon_send(x.leases, restore_lease{{5, "lease", "", 60s, until}});
  compat::anon_send(x.registry, restore_key{"k", {exclusive}});
  compat::anon_send(x.registry, restore_key{"s", {shared}});
  compat::anon_send(x.registry, restore_key{"l", {of_lease}});
  compat::anon_send(x.registry, restore_key{"m", {of_none}});
  CHECK(x.holders("k") == "a 7");
  CHECK(x.holders("s") == "b 8");
  CHECK(x.look("s").limit == 2);
  CHECK(x.look("s").holders.front().ttl == forever);
  CHECK(x.holders("l") == "c 9");
  CHECK(x.holders("m").empty());
  CHECK(x.look("k").holders.front().ttl == 10s);
  CHECK(x.counts.holders == 3);
  auto seen = x.ask->ask_any<lease_reply>(x.leases, lease_inspect_request{"lease"});
  auto next = x.ask->acquire("k", "z", 10s, 60s);
  auto made = x.ask->ask_any<lease_reply>(x.leases, lease_create_request{"", 5s});
  x.world.advance(10s);
  REQUIRE(seen->value->locks.size() == 1);
  CHECK(seen->value->locks.front().key == "l");
  CHECK(seen->value->ttl == 30s);
  CHECK(next->granted());
  CHECK(made->value->status == lease_reply::alive);
  x.world.advance(20s);
  CHECK(x.holders("l").empty());
}

TEST_CASE("a lease that is made after a restart has an id that was never used") {
  durable_fixture x;
  compat::anon_send(x.leases, used_lease_ids{7});
  auto until = x.world.now().time_since_epoch() + 30s;
  compat::anon_send(x.leases, restore_lease{{5, "lease", "", 60s, until}});
  x.ask->ask_any<lease_reply>(x.leases, lease_create_request{"", 5s});
  x.world.run();
  CHECK(contents_of(x.kept).leases.contains(8));
}

TEST_CASE("a change and the answer that tells of it are one message to the journal") {
  durable_fixture x;
  x.ask->acquire("k", "a", 10s);
  x.run_until_journal();
  x.world.steps().step("journal");
  x.world.steps().step("journal"); // stores what has arrived
  CHECK(x.stored() == "k a");
  x.world.run();
  auto release = x.ask->release("k", "a");
  x.run_until_journal();
  x.world.steps().step("journal");
  x.world.steps().step("journal");
  CHECK(x.stored().empty());
  x.world.run();
  CHECK(release->value == true);
}

TEST_CASE("of all who want another round one asks for it") {
  journal_status x;
  auto asked = 0;
  auto ask = [&asked] { ++asked; };
  x.ask_for_round(ask);
  x.ask_for_round(ask);
  CHECK(asked == 1);
  x.end_round();
  x.ask_for_round(ask);
  CHECK(asked == 2);
  x.end_round();
  CHECK_THROWS(x.ask_for_round([] { throw std::bad_alloc{}; }));
  x.ask_for_round(ask);
  CHECK(asked == 3);
}

TEST_CASE("an unused key asks a journal that is busy once, and ends when all is settled") {
  durable_fixture x;
  x.ask->acquire("k", "a", 10s);
  x.world.run();
  x.ask->release("k", "a");
  x.run_until_journal();
  for (int i = 0; i < 100; ++i) {
    x.world.time().pass(1s);
    while (x.world.time().fire()) {
    }
    x.run_until_journal();
  }
  auto messages = 0;
  while (x.world.steps().step("journal"))
    ++messages;
  CHECK(messages < 10);
  x.world.run();
  x.world.advance(2s);
  CHECK(x.keys_alive() == 0);
}
