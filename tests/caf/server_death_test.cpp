// What clients see when the server's process is killed, and started again.
#include "tests/support/caf_server.hpp"
#include "tests/support/catch.hpp"

#include <csignal>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace test;
using lockserver::acquire_lock;
using lockserver::client_actor_options;
using lockserver::errc;
using lockserver::lock_grant;

namespace {

client_actor_options patient() {
  client_actor_options x;
  x.request_timeout = patience;
  return x;
}

acquire_lock until(lockserver::hold_mode hold, const std::string& key) {
  acquire_lock x{key};
  x.ttl = 60s;
  x.wait = 0s;
  x.hold = hold;
  return x;
}

acquire_lock until_ttl(const std::string& key) {
  return until(lockserver::hold_mode::ttl, key);
}

acquire_lock until_cut(const std::string& key) {
  return until(lockserver::hold_mode::connection, key);
}

} // namespace

TEST_CASE("a killed server ends the locks of its connections, and the others when it is back",
          "[net]") {
  server_process server;
  caf_node node{server.caf_port, patient()};
  auto user = node.new_user();
  auto token = user->acquire(until_cut("connection"))->value().token;
  user->acquire("session", 60s)->value();
  user->acquire(until_ttl("ttl"))->value();

  server->kill();
  auto loss = user->loss_of("connection");
  CHECK(loss.what.reason == lockserver::loss_reason::connection_lost);
  CHECK(loss.what.token == token);
  CHECK(!loss.what.detail.empty());
  // What is asked meanwhile waits.
  auto next = user->acquire("next", 60s);
  auto verified = user->verify("ttl");
  CHECK(user->losses() == 1);

  server.start();
  // It knows of no lock.
  CHECK(user->loss_of("session").what.reason == lockserver::loss_reason::not_holder);
  CHECK(user->loss_of("ttl").what.reason == lockserver::loss_reason::not_holder);
  CHECK_FALSE(verified->value());
  CHECK(next->value().token > token);
  CHECK(user->acquire("connection", 60s)->value().token > token);
  CHECK(user->losses() == 3);
}

TEST_CASE("requests under way when the server is killed are answered by the next one", "[net]") {
  server_process server;
  caf_node node{server.caf_port, patient()};
  auto holder = node.new_user();
  holder->acquire(until_cut("key"))->value();
  // One behind the other.
  std::vector<std::unique_ptr<caf_user>> users;
  std::vector<outcome_ptr<lock_grant>> waiting;
  for (int i = 0; i < 5; ++i) {
    users.push_back(node.new_user());
    waiting.push_back(users.back()->acquire("key", 60s, 60s));
    REQUIRE(eventually([&] {
      auto info = holder->ask<lockserver::lock_info>(lockserver::inspect_request{"key"});
      return info->value().queue_length == waiting.size();
    }));
  }
  server->kill();
  CHECK(holder->loss_of("key").what.reason == lockserver::loss_reason::connection_lost);
  server.start();
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    CAPTURE(i);
    auto token = waiting[i]->value().token;
    CHECK(token > last);
    last = token;
    if (i + 1 < waiting.size())
      CHECK_FALSE(waiting[i + 1]->answered());
    CHECK(users[i]->release("key")->value());
  }
  for (auto& x : waiting)
    CHECK(x->times() == 1);
}

TEST_CASE("while the server is away, a request is refused when its time is over", "[net]") {
  server_process server;
  client_actor_options options;
  options.request_timeout = 300ms;
  caf_node node{server.caf_port, options};
  auto user = node.new_user();
  user->acquire(until_cut("before"))->value();
  server->kill();
  user->loss_of("before");
  auto begin = clock::now();
  auto impatient = user->acquire("key", 60s);
  auto waits = user->acquire("other", 60s, 200ms);
  auto verified = user->verify("before");
  CHECK(impatient->is(errc::unreachable));
  CHECK(verified->is(errc::unreachable));
  CHECK(waits->is(errc::unreachable));
  CHECK(impatient->at() - begin >= 300ms);
  CHECK(impatient->at() - begin < 2s);
  CHECK(waits->at() - begin >= 500ms);
  CHECK(waits->at() - begin < 2s);
  CHECK(impatient->detail().find("the server could not be reached in time: ") == 0);
  // And those that come later are served again.
  server.start();
  CHECK(eventually([&] { return !user->acquire("later", 60s)->is(errc::unreachable); }));
  CHECK(user->verify("later")->value());
}

TEST_CASE("clients find a server again that is killed time after time", "[net]") {
  server_process server;
  caf_node node{server.caf_port, patient()};
  auto user = node.new_user();
  std::uint64_t last = 0;
  for (int i = 0; i < 5; ++i) {
    auto key = "key" + std::to_string(i);
    auto token = user->acquire(key, 60s)->value().token;
    CHECK(token > last);
    last = token;
    server->kill();
    server.start();
    CHECK(user->loss_of(key).what.reason == lockserver::loss_reason::not_holder);
  }
  CHECK(user->acquire("key", 60s)->value().token > last);
}

TEST_CASE("a server that ends in order is found again as well", "[net]") {
  server_process server;
  caf_node node{server.caf_port, patient()};
  auto user = node.new_user();
  user->acquire("key", 60s)->value();
  auto other = node.new_user();
  auto waits = other->acquire("key", 60s, 60s);
  server->signal(SIGTERM);
  CHECK(server->wait() == 0);
  CHECK(user->losses() == 0); // the next one might know of it
  server.start();
  CHECK(user->loss_of("key").what.reason == lockserver::loss_reason::not_holder);
  CHECK(waits->value().token > 0);
}
