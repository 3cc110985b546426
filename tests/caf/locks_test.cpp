// What a lock is over CAF's network: the same as over HTTP.
#include "tests/support/caf_server.hpp"
#include "tests/support/catch.hpp"

#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace test;
using namespace lockserver;

namespace {

acquire_lock leased(const std::string& key, const std::string& lease) {
  acquire_lock x{key};
  x.lease = lease;
  x.wait = 0s;
  return x;
}

acquire_lock one_of(std::uint32_t limit) {
  acquire_lock x{"semaphore"};
  x.mode = lock_mode::shared;
  x.limit = limit;
  x.ttl = 60s;
  x.wait = 0s;
  return x;
}

struct served {
  running_server server{with_caf_port()};
  rest_client http = server->client("http");
  caf_node node{server->caf_port()};
  std::unique_ptr<caf_user> user = node.new_user();
  std::unique_ptr<caf_user> other = node.new_user();
};

} // namespace

TEST_CASE_METHOD(served, "locks are the same over HTTP and CAF", "[net]") {
  auto wanted = acquire_lock{"key"};
  wanted.ttl = 60s;
  wanted.metadata = "by an actor";
  auto grant = user->acquire(wanted)->value();
  CHECK(grant.key == "key");
  CHECK(grant.ttl == 60s);
  auto seen = http.inspect("key");
  REQUIRE(seen);
  REQUIRE(seen->holders.size() == 1);
  CHECK(seen->holders[0].owner == grant.owner);
  CHECK(seen->holders[0].token == grant.token);
  CHECK(seen->holders[0].metadata == "by an actor");
  CHECK(!http.inspect("key")->holders.empty());

  client::acquire_options at_once;
  at_once.wait = 0ms;
  CHECK_FALSE(http.acquire("key", at_once));
  CHECK(user->release("key")->value());
  auto next = http.acquire("key", at_once);
  REQUIRE(next);
  CHECK(next->token > grant.token);
  auto refused = user->acquire("key", 60s);
  CHECK(refused->is(errc::held));
  CHECK(refused->detail().find("held by http") != std::string::npos);
  auto info = user->ask<lock_info>(inspect_request{"key"})->value();
  REQUIRE(info.holders.size() == 1);
  CHECK(info.holders[0].owner == "http");
  CHECK(user->ask<bool>(check_request{"key", "http"})->value());
  CHECK_FALSE(user->verify("key")->value());
  auto page = user->ask<list_reply>(list_request{"k", "", 10})->value();
  REQUIRE(page.locks.size() == 1);
  CHECK(page.locks[0].key == "key");
}

TEST_CASE_METHOD(served, "waits over HTTP and CAF are one line", "[net]") {
  user->acquire("key", 60s)->value();
  auto first = server.connect();
  first.send(get("/LOCK/key/first?lock_attempt_timeout=60&lock_timeout=60"));
  REQUIRE(server.gets_waiters(1));
  auto second = other->acquire("key", 60s, 60s);
  REQUIRE(server.gets_waiters(2));
  CHECK(user->release("key")->value());
  CHECK(is_expiry(first.answer().body));
  CHECK_FALSE(second->answered());
  CHECK(server.ask("/UNLOCK/key/first") == "1\n");
  CHECK(second->value().token > 0);
}

TEST_CASE_METHOD(served, "an operator's release by force reaches the holder", "[net]") {
  auto token = user->acquire("key", 600ms)->value().token;
  CHECK(http.force_release("key"));
  auto loss = user->loss_of("key");
  CHECK(loss.what.reason == lockserver::loss_reason::not_holder);
  CHECK(loss.what.token == token);
}

TEST_CASE_METHOD(served, "a lock is renewed until it is released, and then free", "[net]") {
  auto token = user->acquire("key", 300ms)->value().token;
  CHECK(eventually([&] {
    auto seen = http.inspect("key");
    REQUIRE(seen);
    REQUIRE(seen->holders.size() == 1);
    REQUIRE(seen->holders[0].token == token);
    return seen->holders[0].held > 1s;
  }));
  CHECK(user->release("key")->value());
  CHECK(http.inspect("key")->holders.empty());
  CHECK(user->losses() == 0);
}

TEST_CASE_METHOD(served, "an actor that dies gives back what it has, other actors do not",
                 "[net]") {
  user->acquire("mine", 60s)->value();
  other->acquire("others", 60s)->value();
  auto waits = user->acquire("others", 60s, 60s);
  REQUIRE(server.gets_waiters(1));
  user->end();
  CHECK(server.gets_holders(1));
  CHECK(server.gets_waiters(0));
  CHECK(other->verify("others")->value());
}

TEST_CASE_METHOD(served, "a semaphore lets in as many as its limit says", "[net]") {
  auto third = node.new_user();
  auto first = user->acquire(one_of(2))->value();
  auto second = other->acquire(one_of(2))->value();
  CHECK(first.mode == lock_mode::shared);
  CHECK(second.token > first.token);
  CHECK(third->acquire(one_of(2))->is(errc::held));
  CHECK(third->acquire(one_of(3))->is(errc::limit_mismatch));
  auto wanted = one_of(2);
  wanted.wait = 60s;
  auto next = third->acquire(wanted);
  REQUIRE(server.gets_waiters(1));
  CHECK(user->release("semaphore")->value());
  CHECK(next->value().token > second.token);
}

TEST_CASE_METHOD(served, "a lease is kept alive until the actor that made it ends", "[net]") {
  auto lease = user->ask<lease_reply>(lease_create_request{{}, 400ms})->value().lease;
  auto token = user->acquire(leased("a", lease))->value().token;
  CHECK(other->acquire(leased("b", lease))->value().token > token);
  CHECK(eventually([&] {
    auto seen = http.inspect("a");
    REQUIRE(seen);
    REQUIRE(seen->holders.size() == 1);
    return seen->holders[0].held > 1'200ms;
  }));
  CHECK(user->losses() == 0);
  CHECK(other->losses() == 0);
  user->end();
  CHECK(other->loss_of("b").what.reason == lockserver::loss_reason::lease_expired);
  CHECK(server.gets_holders(0));
  CHECK(eventually([&] { return server->count().leases == 0; }));
}

TEST_CASE("a lease ends at its time when the node that made it is killed", "[net]") {
  running_server server{with_caf_port()};
  auto holder = std::make_unique<caf_node>(server->caf_port());
  auto user = holder->new_user();
  caf_node node{server->caf_port()};
  auto other = node.new_user();
  auto lease = user->ask<lease_reply>(lease_create_request{{}, 600ms})->value().lease;
  other->acquire(leased("key", lease))->value();
  caf::anon_send_exit(holder->locks, caf::exit_reason::kill);
  CHECK(other->loss_of("key").what.reason == lockserver::loss_reason::lease_expired);
  CHECK(server.gets_holders(0));
}

TEST_CASE_METHOD(served, "a wait can be called off", "[net]") {
  user->acquire("key", 60s)->value();
  auto waits = other->acquire("key", 60s, 60s);
  REQUIRE(server.gets_waiters(1));
  CHECK(other->ask<bool>(cancel_wait{"key"})->value());
  CHECK(waits->is(errc::cancelled));
  CHECK(server.gets_waiters(0));
  CHECK_FALSE(other->ask<bool>(cancel_wait{"key"})->value());
}

TEST_CASE_METHOD(served, "what is wrong with a request is said in a sentence", "[net]") {
  auto bad_key = user->acquire("", 60s);
  CHECK(bad_key->is(errc::bad_request));
  CHECK(bad_key->detail().find("key") != std::string::npos);
  auto too_long = user->acquire("key", 48h);
  CHECK(too_long->is(errc::bad_request));
  CHECK(too_long->detail().find("max-lock-timeout") != std::string::npos);
  CHECK(user->acquire("key", -1s)->is(errc::bad_request));
  CHECK(user->acquire("key", 60s, -5s)->is(errc::bad_request));
  CHECK(user->acquire("key", 60s, 2h)->is(errc::bad_request));
  CHECK(user->acquire(std::string(100'000, 'k'), 60s)->is(errc::bad_request));
  CHECK(user->release("not held")->is(errc::not_holder));
  CHECK(user->acquire(leased("key", "no such lease"))->is(errc::lease_expired));
  CHECK(user->acquire("key", 60s)->value().token > 0);
}

TEST_CASE("a request that is far too long is refused, and costs no lock", "[net]") {
  running_server server{with_caf_port()};
  caf_node node{server->caf_port()};
  auto user = node.new_user();
  user->acquire("key", 60s)->value();
  auto refused = user->acquire(std::string(2'000'000, 'k'), 60s);
  CHECK(refused->is(errc::bad_request));
  CHECK(refused->detail().find("65536 are the most") != std::string::npos);
  CHECK(user->release(std::string(2'000'000, 'k'))->is(errc::bad_request));
  CHECK(user->verify("key")->value());
  CHECK(user->losses() == 0);
}

TEST_CASE("a server takes no more CAF clients than its limit of connections", "[net]") {
  auto config = with_caf_port();
  config.max_connections = 2;
  running_server server{config};
  caf_node first{server->caf_port()};
  caf_node second{server->caf_port()};
  auto user = first.new_user();
  user->acquire("key", 60s)->value();
  auto other = second.new_user();
  other->acquire("other", 60s)->value();
  client_actor_options options;
  options.request_timeout = 1s;
  auto refusal = [&] {
    caf_node third{server->caf_port(), options};
    return third.new_user()->acquire("third", 60s)->detail();
  }();
  INFO(refusal);
  CHECK(refusal.find("max_connections") != std::string::npos);
  CHECK(user->verify("key")->value());
  // There is room again when one has gone.
  compat::anon_send(second.locks, shut_down{});
  other->loss_of("other");
  caf_node third{server->caf_port()};
  CHECK(third.new_user()->acquire("third", 60s)->value().token > 0);
}
