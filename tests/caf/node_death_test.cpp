// What becomes of locks when a node with a client, or the node of one who asks
// it, dies or stands still.
#include "tests/support/caf_server.hpp"
#include "tests/support/catch.hpp"

#include <caf/io/all.hpp>

#include <algorithm>
#include <iostream>
#include <vector>

using namespace std::chrono_literals;
using namespace test;

namespace {

double milliseconds(clock::duration x) {
  return std::chrono::duration<double, std::milli>{x}.count();
}

} // namespace

TEST_CASE("the locks that hang on the connection of a killed node go to the next at once",
          "[net]") {
  running_server server{with_caf_port()};
  caf_node node{server->caf_port()};
  auto user = node.new_user();
  std::vector<double> all_caf;
  double slowest_caf = 0;
  double slowest_http = 0;
  for (int round = 0; round < 10; ++round) {
    node_process holder{server->caf_port(), "holder"};
    auto token = holder.take("a", 60'000, "connection");
    holder.take("b", 60'000, "connection");
    auto next = user->acquire("a", 60s, 60s);
    auto http = server.connect();
    http.send(get("/LOCK/b/http?lock_attempt_timeout=60"));
    REQUIRE(server.gets_waiters(2));
    holder.kill();
    auto killed = clock::now();
    CHECK(is_expiry(http.answer().body));
    auto http_took = milliseconds(clock::now() - killed);
    CHECK(next->value().token > token);
    auto caf_took = milliseconds(next->at() - killed);
    CHECK(caf_took < 1000);
    CHECK(http_took < 1000);
    all_caf.push_back(caf_took);
    slowest_caf = std::max(slowest_caf, caf_took);
    slowest_http = std::max(slowest_http, http_took);
    CHECK(user->release("a")->value());
    CHECK(server.ask("/UNLOCK/b/http") == "1\n");
  }
  CHECK(std::count_if(all_caf.begin(), all_caf.end(), [](double x) { return x < 100; }) >= 5);
  std::cout << "from the end of a killed node to the next waiter's grant, slowest of 10: "
            << slowest_caf << " ms over CAF, " << slowest_http << " ms over HTTP\n";
  CHECK(user->losses() == 0);
}

TEST_CASE("the locks of a killed node go to the next when its session is over, not before",
          "[net]") {
  auto config = with_caf_port();
  config.caf_session_timeout = 1s;
  running_server server{config};
  caf_node node{server->caf_port()};
  auto user = node.new_user();
  node_process holder{server->caf_port(), "holder"};
  auto token = holder.take("key", 60'000);
  auto next = user->acquire("key", 60s, 60s);
  REQUIRE(server.gets_waiters(1));
  holder.kill();
  auto killed = clock::now();
  // It spoke at least each third of the session timeout.
  CHECK(next->value().token > token);
  CHECK(next->at() - killed >= 600ms);
  CHECK(user->losses() == 0);
}

TEST_CASE("who waits on a killed node is not granted anything", "[net]") {
  running_server server{with_caf_port()};
  caf_node node{server->caf_port()};
  auto user = node.new_user();
  CHECK(user->acquire("key", 60s)->value().token > 0);
  node_process first{server->caf_port(), "first"};
  first.tell("acquire key 60000 60000");
  REQUIRE(server.gets_waiters(1));
  auto other = node.new_user();
  auto next = other->acquire("key", 60s, 60s);
  REQUIRE(server.gets_waiters(2));
  first.kill();
  REQUIRE(server.gets_waiters(1));
  CHECK(user->release("key")->value());
  CHECK(next->value().token > 0);
}

TEST_CASE("a lock that is held by its ttl survives the death of its node until then", "[net]") {
  running_server server{with_caf_port()};
  caf_node node{server->caf_port()};
  auto user = node.new_user();
  node_process holder{server->caf_port(), "holder"};
  auto begin = clock::now();
  auto token = holder.take("stays", 1'500, "ttl");
  holder.take("goes", 60'000, "connection");
  holder.kill();
  CHECK(user->acquire("goes", 60s, 60s)->value().token > token);
  CHECK(user->acquire("stays", 60s)->is(lockserver::errc::held));
  auto next = user->acquire("stays", 60s, 60s);
  CHECK(next->value().token > token);
  CHECK(next->at() - begin >= 1'500ms);
}

TEST_CASE("a node that stands still for longer than a lock lasts loses it, and learns so",
          "[net]") {
  running_server server{with_caf_port()};
  caf_node node{server->caf_port()};
  auto user = node.new_user();
  node_process sleeper{server->caf_port(), "sleeper"};
  auto token = sleeper.take("key", 600);
  sleeper.stop();
  auto next = user->acquire("key", 60s, 60s);
  CHECK(next->value().token > token);
  sleeper.go_on();
  CHECK(sleeper.line_with("lost key ").starts_with(std::to_string(token)));
  // The session has survived, and the present holder is not disturbed.
  CHECK(sleeper.take("other", 60'000) > next->value().token);
  sleeper.tell("verify key");
  CHECK(sleeper.line_with("verified key ") == "0 ");
  CHECK(user->verify("key")->value());
  CHECK(user->losses() == 0);
}

TEST_CASE("a node that stands still for longer than its session lasts is gone for others",
          "[net]") {
  running_server server{with_short_sessions()};
  caf_node node{server->caf_port()};
  auto user = node.new_user();
  node_process sleeper{server->caf_port(), "sleeper"};
  auto token = sleeper.take("key", 60'000);
  sleeper.take("stays", 60'000, "ttl");
  sleeper.stop();
  auto next = user->acquire("key", 60s, 60s);
  CHECK(next->value().token > token);
  sleeper.go_on();
  CHECK(sleeper.line_with("lost key ")
        == std::to_string(token) + ' '
             + std::to_string(static_cast<int>(lockserver::loss_reason::connection_lost)) + ' ');
  // It connects again, and still has what does not hang on the connection.
  sleeper.tell("verify stays");
  CHECK(sleeper.line_with("verified stays ") == "1 ");
  CHECK(sleeper.take("other", 60'000) > next->value().token);
  CHECK(user->verify("key")->value());
  CHECK(user->losses() == 0);
}

TEST_CASE("the locks of an actor on a third node end with that node", "[net]") {
  running_server server{with_caf_port()};
  caf_node node{server->caf_port()};
  auto port = caf::io::publish(node.locks, 0, "127.0.0.1");
  REQUIRE(port);
  child_process third{{LOCKSERVER_TEST_NODE, std::to_string(*port), "client"}};
  third.tell("acquire key 60000 0");
  auto token = std::stoull(third.line_with("granted key "));
  third.tell("acquire stays 60000 0 ttl");
  third.line_with("granted stays ");
  auto user = node.new_user();
  auto next = user->acquire("key", 60s, 60s);
  auto other = user->acquire("stays", 60s, 60s);
  REQUIRE(server.gets_waiters(2));
  third.kill();
  auto killed = clock::now();
  CHECK(next->value().token > token);
  CHECK(other->value().token > token);
  CHECK(next->at() - killed < 1s);
}

TEST_CASE("an actor on a third node hears of the loss of its lock", "[net]") {
  running_server server{with_caf_port()};
  caf_node node{server->caf_port()};
  auto port = caf::io::publish(node.locks, 0, "127.0.0.1");
  REQUIRE(port);
  child_process third{{LOCKSERVER_TEST_NODE, std::to_string(*port), "client"}};
  third.tell("acquire key 500 0");
  auto token = std::stoull(third.line_with("granted key "));
  auto by_force = server->client("operator").force_release("key");
  REQUIRE(by_force);
  CHECK(third.line_with("lost key ")
        == std::to_string(token) + ' '
             + std::to_string(static_cast<int>(lockserver::loss_reason::not_holder)) + ' ');
}
