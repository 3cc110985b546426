// The JSON dialect of the client, both blocking and asynchronous, with a real
// server.
#include "lockserver/async_rest_client.hpp"
#include "lockserver/distributed_mutex.hpp"
#include "lockserver/held_lock.hpp"
#include "lockserver/lines_client.hpp"
#include "lockserver/rest_client.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/running_server.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <future>
#include <mutex>
#include <string>
#include <vector>

using namespace lockserver;
using namespace std::chrono_literals;
using test::eventually;
using test::running_server;

namespace {

client::acquire_options at_once(std::chrono::milliseconds ttl = 60s) {
  client::acquire_options result;
  result.ttl = ttl;
  result.wait = 0ms;
  return result;
}

} // namespace

TEST_CASE("a lock is acquired, renewed, seen and released", "[net]") {
  running_server server;
  auto me = server->client("me");
  auto options = at_once();
  options.metadata = "what for";
  auto before = std::chrono::system_clock::now();
  auto obtained = me.acquire("a key/é", options);
  REQUIRE(obtained);
  CHECK(obtained->key == "a key/é");
  CHECK(obtained->owner == "me");
  CHECK(obtained->token > 0);
  CHECK(obtained->ttl == 60s);
  CHECK(obtained->waited < 20s);
  CHECK(obtained->expires_at >= before + 59s);
  auto seen = server->client("other").inspect("a key/é");
  REQUIRE(seen);
  REQUIRE(seen->holders.size() == 1);
  CHECK(seen->holders[0].owner == "me");
  CHECK(seen->holders[0].token == obtained->token);
  CHECK(seen->holders[0].ttl <= 60s);
  CHECK(seen->holders[0].metadata == "what for");
  auto renewed = me.renew("a key/é", obtained->token, 120s);
  REQUIRE(renewed);
  CHECK(renewed->token == obtained->token);
  CHECK(renewed->ttl > 60s);
  CHECK(renewed->safe_until > obtained->safe_until);
  CHECK(me.renew("a key/é", obtained->token + 1, 1s).error() == errc::not_holder);
  auto wrong = me.release("a key/é", obtained->token + 1);
  CHECK(wrong.error() == errc::not_holder);
  CHECK(me.release("a key/é", obtained->token));
  CHECK(me.inspect("a key/é")->holders.empty());
  CHECK(me.release("a key/é").error() == errc::not_holder);
}

TEST_CASE("both dialects mean the same locks", "[net]") {
  running_server server;
  auto me = server->client("me");
  REQUIRE(me.acquire("key", at_once()));
  lines_client lines{"me", "127.0.0.1", server->port()};
  CHECK(lines.locked_by_me("key"));
  CHECK(lines.unlock("key"));
  REQUIRE(lines.lock("key"));
  CHECK(me.inspect("key")->holders.at(0).owner == "me");
  CHECK(me.release("key"));
}

TEST_CASE("why there is no lock is told, with who holds it", "[net]") {
  running_server server;
  auto me = server->client("me");
  auto other = server->client("other");
  REQUIRE(me.acquire("key", at_once()));
  auto held = other.acquire("key", at_once());
  CHECK(held.error() == errc::held);
  REQUIRE(held.error().holders.size() == 1);
  CHECK(held.error().holders[0].owner == "me");
  CHECK(!held.error().detail.empty());
  auto options = at_once();
  options.wait = 10ms;
  CHECK(other.acquire("key", options).error() == errc::wait_timeout);
  auto again = me.acquire("key", at_once());
  CHECK(again.error() == errc::already_held);
  CHECK(again.error() == std::errc::resource_deadlock_would_occur);
  options = at_once();
  options.limit = 2;
  CHECK(other.acquire("free", options).error() == errc::bad_request);
  options.mode = client::lock_mode::shared;
  REQUIRE(other.acquire("free", options));
  options.limit = 3;
  auto mismatch = me.acquire("free", options);
  CHECK(mismatch.error() == errc::limit_mismatch);
  CHECK(mismatch.error().limit == 2);
}

TEST_CASE("a repeated request gets the same grant", "[net]") {
  running_server server;
  auto me = server->client("me");
  auto options = at_once();
  options.request_id = "one";
  auto first = me.acquire("key", options);
  auto second = me.acquire("key", options);
  REQUIRE((first && second));
  CHECK(first->token == second->token);
}

TEST_CASE("held keys are listed in order, all pages of them", "[net]") {
  running_server server;
  auto me = server->client("me");
  for (auto* key : {"b", "a/2", "a/1", "c"})
    REQUIRE(me.acquire(key, at_once()));
  std::string seen;
  auto note = [&](const client::lock_info& x) {
    seen += x.key + " ";
    return true;
  };
  REQUIRE(eventually([&] {
    seen.clear();
    return me.for_each_lock("", note) && seen == "a/1 a/2 b c ";
  }));
  seen.clear();
  CHECK(*me.for_each_lock("a/", note) == 2);
  client::list_options page;
  page.limit = 3;
  auto first = me.list(page);
  REQUIRE(first);
  CHECK(first->locks.size() == 3);
  REQUIRE(first->next);
  page.after = *first->next;
  auto second = me.list(page);
  REQUIRE(second);
  CHECK(second->locks.size() == 1);
  CHECK(!second->next);
  CHECK(*me.force_release("b"));
  CHECK(!*me.force_release("b"));
}

TEST_CASE("a lease holds its locks and ends them", "[net]") {
  running_server server;
  auto me = server->client("me");
  auto made = me.create_lease(60s);
  REQUIRE(made);
  client::acquire_options options;
  options.wait = 0ms;
  options.lease = made->id;
  auto obtained = me.acquire("key", options);
  REQUIRE(obtained);
  CHECK(obtained->lease == made->id);
  CHECK(server->client("other").acquire("key2", options).error() == errc::wrong_owner);
  CHECK(me.renew_lease(made->id)->ttl == 60s);
  auto info = me.inspect_lease(made->id);
  REQUIRE(info);
  REQUIRE(info->locks.size() == 1);
  CHECK(info->locks[0].key == "key");
  CHECK(info->locks[0].token == obtained->token);
  CHECK(me.end_lease(made->id));
  CHECK(me.end_lease(made->id).error() == errc::lease_expired);
  CHECK(eventually([&] { return me.inspect("key")->holders.empty(); }));
}

TEST_CASE("the server tells of itself", "[net]") {
  running_server server;
  CHECK(server->client("me").ping());
  auto info = server->client("me").server();
  REQUIRE(info);
  CHECK(info->name == "lockserver-caf");
  CHECK(info->settings.at("lock_timeout_ms") == client::setting_value{std::int64_t{3000}});
  CHECK(info->counts.connections >= 1);
}

TEST_CASE("a held lock outlives its own ttl at the server", "[net]") {
  running_server server;
  auto me = server->client("me");
  auto held = hold(me, "key", at_once(300ms));
  REQUIRE(held);
  // Four times its ttl, by the server's own clock.
  REQUIRE(eventually([&] { return me.inspect("key")->holders.at(0).held >= 1200ms; }));
  CHECK(held->held());
  CHECK(me.inspect("key")->holders.at(0).token == held->token());
  CHECK(held->release());
  CHECK(me.inspect("key")->holders.empty());
}

TEST_CASE("a forced lock is seen to be lost", "[net]") {
  running_server server;
  auto me = server->client("me");
  std::promise<client::problem> told;
  auto held = hold(me, "key", at_once(300ms), [&](const client::problem& x) { told.set_value(x); });
  REQUIRE(held);
  REQUIRE(*server->client("operator").force_release("key"));
  auto future = told.get_future();
  REQUIRE(future.wait_for(test::patience) == std::future_status::ready);
  CHECK(held->lost());
}

TEST_CASE("a lock is lost before the server gives it to the next", "[net]") {
  running_server server;
  auto me = server->client("me");
  // No renewal before its time is over: as if the network were gone.
  auto obtained = me.acquire("key", at_once(500ms));
  REQUIRE(obtained);
  auto next = std::async(std::launch::async, [&] {
    auto options = at_once();
    options.wait = 10s;
    return server->client("next").acquire("key", options);
  });
  auto result = next.get();
  auto now = boot_clock::now();
  REQUIRE(result);
  CHECK(obtained->safe_until < now);
  CHECK(result->token > obtained->token);
}

TEST_CASE("a mutex of the server excludes threads and processes", "[net]") {
  running_server server;
  auto me = server->client("me");
  client::acquire_options options;
  options.ttl = 10s;
  distributed_mutex mutex{me, "key", options};
  int counter = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int j = 0; j < 10; ++j) {
        std::unique_lock guard{mutex};
        ++counter; // a data race, if it were none
      }
    });
  for (auto& x : threads)
    x.join();
  CHECK(counter == 40);
  std::unique_lock guard{mutex, std::try_to_lock};
  REQUIRE(guard);
  CHECK(mutex.held());
  CHECK(mutex.token() > 0);
  auto other = server->client("other");
  distributed_mutex others{other, "key", options};
  CHECK(!others.try_lock());
  CHECK(!others.try_lock_for(10ms));
  guard.unlock();
  CHECK(others.try_lock());
  others.unlock();
}

TEST_CASE("an asynchronous acquire that is cancelled leaves the queue", "[net]") {
  running_server server;
  auto me = server->client("me");
  REQUIRE(me.acquire("key", at_once()));
  boost::asio::io_context context;
  async_rest_client other{context.get_executor(), "other", "127.0.0.1", server->port()};
  boost::asio::cancellation_signal signal;
  boost::system::error_code error;
  client::acquire_options options;
  options.wait = 60s;
  other.async_acquire("key", options,
                      boost::asio::bind_cancellation_slot(signal.slot(),
                                                          [&](auto ec, auto) { error = ec; }));
  REQUIRE(eventually([&] {
    context.poll();
    return me.inspect("key")->queue.size() == 1;
  }));
  signal.emit(boost::asio::cancellation_type::terminal);
  context.restart();
  context.run();
  CHECK(error == errc::cancelled);
  CHECK(eventually([&] { return me.inspect("key")->queue.empty(); }));
}
