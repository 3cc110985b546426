// What clients and server do when the network between them is silent, slow or
// cut.
#include "tests/support/caf_server.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/tcp_proxy.hpp"

#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace test;
using lockserver::acquire_lock;
using lockserver::client_actor_options;
using lockserver::lock_grant;
using lockserver::lock_info;

namespace {

client_actor_options through_proxy() {
  client_actor_options x;
  x.request_timeout = patience;
  x.connect_timeout = 500ms;
  return x;
}

// A server; one client of it beyond a proxy, and one beside it.
struct two_nodes {
  running_server server{with_short_sessions()};
  tcp_proxy net{server->caf_port()};
  caf_node far{net.port(), through_proxy()};
  caf_node near{server->caf_port()};
  std::unique_ptr<caf_user> user = far.new_user();
  std::unique_ptr<caf_user> rival = near.new_user();

  // Whoever loses a lock knows it before another one has it.
  void check_hand_over(const std::string& key, outcome_ptr<lock_grant> next) {
    next->value();
    auto loss = user->loss_of(key);
    CHECK(loss.at < next->at());
    CHECK(loss.what.token < next->value().token);
    CHECK(loss.what.reason == lockserver::loss_reason::connection_lost);
    auto lead = std::chrono::duration<double, std::milli>{next->at() - loss.at};
    std::cout << "lock_lost came " << lead.count() << " ms before the next grant\n";
  }

  void check_all_is_well() {
    auto token = user->acquire("all is well", 60s)->value().token;
    CHECK(token > 0);
    CHECK(user->release("all is well")->value());
    CHECK(server.gets_waiters(0));
  }
};

} // namespace

TEST_CASE_METHOD(two_nodes, "who loses a lock by a silent network knows it before the next has it",
                 "[net]") {
  user->acquire("key", 60s)->value();
  rival->acquire("wanted", 60s)->value();
  auto waits = user->acquire("wanted", 60s, 60s);
  REQUIRE(server.gets_waiters(1));
  auto next = rival->acquire("key", 60s, 60s);
  REQUIRE(server.gets_waiters(2));
  void (tcp_proxy::*how)() = GENERATE(&tcp_proxy::go_silent, &tcp_proxy::go_silent_to_server,
                                      &tcp_proxy::go_silent_to_client);
  (net.*how)();
  check_hand_over("key", next);
  // Nothing was lost with a wait, neither its place for good nor its answer.
  net.heal();
  REQUIRE(server.gets_waiters(1));
  CHECK_FALSE(waits->answered());
  CHECK(rival->release("wanted")->value());
  CHECK(waits->value().token > next->value().token);
  CHECK(waits->times() == 1);
  CHECK(user->verify("wanted")->value());
  check_all_is_well();
}

TEST_CASE_METHOD(two_nodes, "a network that is silent, then cut, then mended is used again",
                 "[net]") {
  user->acquire("key", 60s)->value();
  auto next = rival->acquire("key", 60s, 60s);
  REQUIRE(server.gets_waiters(1));
  net.go_silent();
  check_hand_over("key", next);
  net.cut();
  auto meanwhile = user->acquire("meanwhile", 60s);
  net.heal();
  CHECK(meanwhile->value().token > next->value().token);
  check_all_is_well();
}

TEST_CASE_METHOD(two_nodes, "a short silence costs nothing", "[net]") {
  auto token = user->acquire("key", 60s)->value().token;
  net.go_silent();
  auto verified = user->verify("key");
  // Far less than the session's time, by the server's account.
  CHECK(server.ask("/PING") == "1\n");
  net.heal();
  CHECK(verified->value());
  CHECK(user->ask<lock_info>(lockserver::inspect_request{"key"})->value().holders.at(0).token
        == token);
  CHECK(user->losses() == 0);
}

TEST_CASE_METHOD(two_nodes, "a cut connection ends the locks that hang on it, for both at once",
                 "[net]") {
  acquire_lock hangs{"key"};
  hangs.ttl = 60s;
  hangs.hold = lockserver::hold_mode::connection;
  user->acquire(hangs)->value();
  acquire_lock stays{"stays"};
  stays.ttl = 60s;
  stays.hold = lockserver::hold_mode::ttl;
  auto token = user->acquire(stays)->value().token;
  rival->acquire("wanted", 60s)->value();
  auto waits = user->acquire("wanted", 60s, 60s);
  auto next = rival->acquire("key", 60s, 60s);
  REQUIRE(server.gets_waiters(2));
  auto begin = clock::now();
  net.cut();
  CHECK(user->loss_of("key").what.reason == lockserver::loss_reason::connection_lost);
  CHECK(next->value().token > token);
  CHECK(next->at() - begin < 400ms); // not by the session's time
  REQUIRE(server.gets_waiters(0));
  net.heal();
  REQUIRE(server.gets_waiters(1));
  CHECK(user->verify("stays")->value());
  CHECK(rival->release("wanted")->value());
  CHECK(waits->value().token > token);
  auto info = user->ask<lock_info>(lockserver::inspect_request{"stays"})->value();
  CHECK(info.holders.at(0).token == token);
  CHECK(user->losses() == 1);
  check_all_is_well();
}

TEST_CASE_METHOD(two_nodes, "a lock is never two's when the server alone has lost the connection",
                 "[net]") {
  user->acquire("key", 60s)->value();
  auto next = rival->acquire("key", 60s, 60s);
  REQUIRE(server.gets_waiters(1));
  net.reset_server_side();
  check_hand_over("key", next);
}

TEST_CASE("a connection that breaks for a moment costs no lock, and no wait its answer", "[net]") {
  running_server server{with_caf_port()};
  tcp_proxy net{server->caf_port()};
  caf_node far{net.port(), through_proxy()};
  caf_node near{server->caf_port()};
  auto user = far.new_user();
  auto rival = near.new_user();
  auto token = user->acquire("key", 60s)->value().token;
  rival->acquire("wanted", 60s)->value();
  auto waits = user->acquire("wanted", 60s, 60s);
  REQUIRE(server.gets_waiters(1));
  auto next = rival->acquire("key", 60s, 60s);
  REQUIRE(server.gets_waiters(2));
  for (int i = 0; i < 3; ++i) {
    net.cut();
    REQUIRE(server.gets_waiters(1));
    net.heal();
    REQUIRE(server.gets_waiters(2));
  }
  CHECK(user->verify("key")->value());
  CHECK(user->losses() == 0);
  CHECK_FALSE(next->answered());
  CHECK(rival->release("wanted")->value());
  CHECK(waits->value().token > token);
  CHECK(user->release("key")->value());
  CHECK(next->value().token > token);
}

TEST_CASE_METHOD(two_nodes, "locks are kept alive over a slow network", "[net]") {
  auto token = user->acquire("key", 900ms)->value().token;
  net.delay(60ms);
  CHECK(eventually([&] {
    auto info = rival->ask<lock_info>(lockserver::inspect_request{"key"})->value();
    REQUIRE(info.holders.size() == 1);
    REQUIRE(info.holders[0].token == token);
    return info.holders[0].held > 2'500ms;
  }));
  CHECK(user->losses() == 0);
  check_all_is_well();
}

// CAF 0.17 keeps a connection until TCP gives it up, which may take a quarter of
// an hour, and CAF 1.1 for half a minute; it makes no second one meanwhile.
TEST_CASE_METHOD(two_nodes, "a connection that was forgotten on the way is reported in time",
                 "[net]") {
  auto options = through_proxy();
  options.request_timeout = 1s;
  caf_node impatient{net.port(), options};
  user = impatient.new_user();
  user->acquire("key", 60s)->value();
  auto next = rival->acquire("key", 60s, 60s);
  REQUIRE(server.gets_waiters(1));
  net.forget_connections();
  check_hand_over("key", next);
  auto begin = clock::now();
  auto refused = user->acquire("other", 60s);
  CHECK(refused->is(lockserver::errc::unreachable));
  CHECK(refused->at() - begin < 5s);
  CHECK(refused->detail().find("connect timeout") != std::string::npos);
  net.cut();
  net.heal();
  CHECK(
    eventually([&] { return !user->acquire("later", 60s)->is(lockserver::errc::unreachable); }));
  user.reset();
}

TEST_CASE_METHOD(two_nodes, "every request is answered once, however often the network is cut",
                 "[net]") {
  std::vector<std::unique_ptr<caf_user>> users;
  std::vector<outcome_ptr<lock_grant>> grants;
  std::vector<outcome_ptr<bool>> releases;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 5; ++i) {
      users.push_back(far.new_user());
      auto key = "key" + std::to_string(i);
      grants.push_back(users.back()->acquire(key, 60s, 60s));
      releases.push_back(users.back()->release(key));
    }
    // Each of the five keys once more than the last time, at all places of an
    // acquire's way.
    if (round % 2 == 0)
      net.cut();
    else
      net.heal();
    users.at(users.size() - 1 - static_cast<std::size_t>(round) % 3)->end();
  }
  net.heal();
  for (auto& x : users)
    x->end();
  CHECK(server.gets_waiters(0));
  CHECK(server.gets_holders(0));
  check_all_is_well();
  CHECK(server.gets_holders(0));
  // Those of actors that have ended may have nobody to be told.
  for (auto& x : grants)
    CHECK(x->times() <= 1);
  for (auto& x : releases)
    CHECK(x->times() <= 1);
}
