// How client actors end, in order and otherwise, and what becomes of what was
// asked.
#include "tests/support/caf_server.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/tcp_proxy.hpp"

#include <optional>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace test;
using lockserver::acquire_lock;
using lockserver::errc;
using lockserver::lease_create_request;
using lockserver::lease_reply;
using lockserver::lock_grant;
using lockserver::shut_down;
namespace compat = lockserver::compat;

namespace {

acquire_lock until_ttl(const std::string& key) {
  acquire_lock x{key};
  x.ttl = 60s;
  x.wait = 0s;
  x.hold = lockserver::hold_mode::ttl;
  return x;
}

// What a client may have under way when it ends.
struct requests {
  explicit requests(caf_node& node) : user(node.new_user()) {
    for (int i = 0; i < 50; ++i) {
      auto key = std::to_string(i);
      grants.push_back(user->acquire("taken", 60s, 60s));
      grants.push_back(user->acquire(key, 60s));
      answers.push_back(user->verify(key));
      answers.push_back(user->release(key));
      leases.push_back(user->ask<lease_reply>(lease_create_request{{}, 60s}));
    }
  }

  void check_each_answered_once() {
    for (auto& x : grants)
      check(*x);
    for (auto& x : answers)
      check(*x);
    for (auto& x : leases)
      check(*x);
  }

  template <class T>
  void check(outcome<T>& x) {
    x.wait();
    CHECK(x.times() == 1);
  }

  std::unique_ptr<caf_user> user;
  std::vector<outcome_ptr<lock_grant>> grants;
  std::vector<outcome_ptr<bool>> answers;
  std::vector<outcome_ptr<lease_reply>> leases;
};

} // namespace

TEST_CASE("a client that is told to end gives everything back first", "[net]") {
  running_server server{with_caf_port()};
  std::optional<caf_node> node;
  node.emplace(server->caf_port());
  auto user = node->new_user();
  user->acquire("connection", 60s)->value();
  user->acquire(until_ttl("ttl"))->value();
  auto lease = user->ask<lease_reply>(lease_create_request{{}, 60s})->value().lease;
  acquire_lock leased{"leased"};
  leased.lease = lease;
  user->acquire(leased)->value();
  auto other = node->new_user();
  auto waits = other->acquire("ttl", 60s, 60s);
  REQUIRE(server.gets_waiters(1));
  REQUIRE(server->count().leases == 1);

  compat::anon_send(node->locks, shut_down{});
  CHECK(waits->is(errc::cancelled));
  CHECK_FALSE(waits->detail().empty());
  for (auto key : {"connection", "ttl", "leased"})
    CHECK(user->loss_of(key).what.reason == lockserver::loss_reason::stopping);
  CHECK(server.gets_holders(0));
  CHECK(server.gets_waiters(0));
  CHECK(eventually([&] { return server->count().leases == 0; }));
  CHECK(server.gets_connections(0));

  // Nothing keeps the actor system.
  user.reset();
  other.reset();
  auto begin = clock::now();
  node.reset();
  CHECK(clock::now() - begin < 2s);
}

TEST_CASE("an actor system ends soon after its client was told to, used or not", "[net]") {
  running_server server{with_caf_port()};
  auto port = GENERATE(true, false) ? server->caf_port() : free_port();
  auto begin = clock::now();
  { caf_node node{port}; }
  CHECK(clock::now() - begin < 2s);
}

TEST_CASE("each request is answered once when its client is killed", "[net]") {
  running_server server{with_caf_port()};
  caf_node holder{server->caf_port()};
  auto holding = holder.new_user();
  holding->acquire("taken", 60s)->value();
  for (int round = 0; round < 5; ++round) {
    caf_node node{server->caf_port()};
    requests before{node};
    if (round % 2 == 1)
      before.answers.back()->wait();
    caf::anon_send_exit(node.locks,
                        round % 3 == 0 ? caf::exit_reason::user_shutdown : caf::exit_reason::kill);
    requests after{node};
    before.check_each_answered_once();
    after.check_each_answered_once();
    CHECK_FALSE(after.grants.back()->detail().empty());
  }
  CHECK(server.gets_waiters(0));
  CHECK(server.gets_holders(1));
}

TEST_CASE("each request is answered once when its client is told to end", "[net]") {
  running_server server{with_caf_port()};
  caf_node holder{server->caf_port()};
  auto holding = holder.new_user();
  holding->acquire("taken", 60s)->value();
  caf_node node{server->caf_port()};
  requests before{node};
  compat::anon_send(node.locks, shut_down{});
  requests after{node};
  before.check_each_answered_once();
  after.check_each_answered_once();
  CHECK(server.gets_waiters(0));
  CHECK(server.gets_holders(1));
}

TEST_CASE("each request is answered once when the server ends", "[net]") {
  lockserver::settings config = with_caf_port();
  std::optional<running_server> server;
  server.emplace(config);
  caf_node holder{(*server)->caf_port()};
  auto holding = holder.new_user();
  acquire_lock hangs{"taken"};
  hangs.ttl = 60s;
  hangs.hold = lockserver::hold_mode::connection;
  holding->acquire(hangs)->value();
  lockserver::client_actor_options options;
  options.request_timeout = 500ms;
  caf_node node{(*server)->caf_port(), options};
  auto user = node.new_user();
  auto waits = user->acquire("taken", 60s, 1s);
  auto begin = clock::now();
  requests before{node};
  server.reset();
  CHECK(clock::now() - begin < 5s);
  for (auto& x : before.answers)
    before.check(*x);
  for (auto& x : before.leases)
    before.check(*x);
  CHECK(waits->is(errc::unreachable));
  CHECK(waits->times() == 1);
  CHECK(holding->loss_of("taken").what.reason == lockserver::loss_reason::connection_lost);
}

TEST_CASE("a client that ends while the network is silent does not keep its system", "[net]") {
  running_server server{with_short_sessions()};
  tcp_proxy net{server->caf_port()};
  std::optional<caf_node> node;
  lockserver::client_actor_options options;
  options.request_timeout = 1s;
  node.emplace(net.port(), options);
  auto user = node->new_user();
  user->acquire("key", 60s)->value();
  net.go_silent();
  auto begin = clock::now();
  user.reset();
  node.reset();
  CHECK(clock::now() - begin < 3s);
  CHECK(server.gets_holders(0));
}
