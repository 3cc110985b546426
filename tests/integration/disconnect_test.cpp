// A client that goes away never gets the lock, whenever it goes; a client that
// has read its answer keeps it.
#include "tests/support/catch.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/running_server.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace lockserver;
using namespace std::chrono_literals;
using namespace test;

namespace {

// No lock and no wait ends by itself while a test runs.
const settings slow{.lock_timeout = 600s, .lock_attempt_timeout = 600s};

// "Promptly": far from the time of any lock, but enough for a busy machine.
constexpr auto promptly = 3s;

// The ways to ask for a lock: HTTP/0.9, and HTTP/1.1 closed and kept.
std::string lock_request(int kind, std::string_view key, std::string_view name) {
  auto target = std::string{"/LOCK/"}.append(key).append("/").append(name);
  switch (kind % 3) {
    case 0:
      return "GET " + target + "\n\n";
    case 1:
      return get(target, "Connection: close\r\n");
    default:
      return get(target);
  }
}

bool reads_grant(raw_client& client, int kind) {
  return is_expiry(kind % 3 == 0 ? client.line() : client.answer().body);
}

enum class ending { fin, rst };

void end(raw_client& client, ending how) {
  if (how == ending::fin)
    client.close();
  else
    client.reset();
}

bool gets_free(const running_server& server, const std::string& key) {
  return eventually([&] { return server.ask("/CHECK/" + key) == "0\n"; }, promptly);
}

// A key that is held, and a client that waits for it.
struct contested {
  contested(running_server& server, int kind, const std::string& query = "")
    : holder(server.connect()), waiter(server.connect()) {
    REQUIRE(is_expiry(holder.send(get("/LOCK/key/holder")).answer().body));
    waiter.send(lock_request(kind, "key", "waiter" + query));
    REQUIRE(server.gets_waiters(1));
  }

  raw_client holder;
  raw_client waiter;
};

void spin(unsigned rounds) {
  static std::atomic<unsigned> sink;
  for (unsigned i = 0; i < rounds; ++i)
    sink.store(i, std::memory_order_relaxed);
}

} // namespace

TEST_CASE("a client that goes while it waits leaves the queue at once", "[net]") {
  auto threads = GENERATE(1u, 2u);
  auto kind = GENERATE(0, 1, 2);
  auto how = GENERATE(ending::fin, ending::rst);
  auto config = slow;
  config.threads = threads;
  running_server server{config};
  contested x{server, kind};
  auto next = server.connect();
  next.send(get("/LOCK/key/next"));
  REQUIRE(server.gets_waiters(2));
  end(x.waiter, how);
  CHECK(eventually([&] { return server->count().waiters == 1; }, promptly));
  CHECK(next.silent());
  CHECK(x.holder.send(get("/UNLOCK/key/holder")).answer().body == "1\n");
  CHECK(is_expiry(next.answer().body));
  CHECK(server.ask("/VERIFY/key/next") == "1\n");
}

TEST_CASE("a client that half-closes while it waits leaves the queue", "[net]") {
  running_server server{slow};
  contested x{server, GENERATE(0, 1, 2)};
  x.waiter.half_close();
  CHECK(x.waiter.closes(promptly));
  CHECK(server.gets_waiters(0));
}

TEST_CASE("a client that half-closes after it has asked for a free lock gets it", "[net]") {
  running_server server{{.lock_timeout = 60s, .threads = 3}};
  for (int i = 0; i < 300; ++i) {
    auto client = server.connect();
    client.send(get("/LOCK/key" + std::to_string(i) + "/me?lock_attempt_timeout=60"));
    client.half_close();
    CHECK(is_expiry(client.answer().body));
  }
}

TEST_CASE("a client that is gone when its turn comes does not get the lock", "[net]") {
  auto kind = GENERATE(0, 1, 2);
  auto how = GENERATE(ending::fin, ending::rst);
  auto unlock_first = GENERATE(true, false);
  auto sent_before = GENERATE(as<std::string>{}, "", "request", "part");
  CAPTURE(kind, static_cast<int>(how), unlock_first, sent_before);
  auto stop = std::make_shared<gate>();
  running_server server{slow, gate::logger(stop)};
  contested x{server, kind};
  // All this happens while the server does nothing; then it finds it at once.
  stop->close(server);
  if (unlock_first)
    x.holder.send(get("/UNLOCK/key/holder"));
  if (sent_before == "request")
    x.waiter.send(get("/CHECK/other"));
  else if (sent_before == "part")
    x.waiter.send("GET");
  end(x.waiter, how);
  if (!unlock_first)
    x.holder.send(get("/UNLOCK/key/holder"));
  stop->open();
  CHECK(x.holder.answer().body == "1\n");
  CHECK(gets_free(server, "key"));
  x.holder.close();
  CHECK(server.gets_connections(0));
}

TEST_CASE("a lock that a client did not live to get goes to the next", "[net]") {
  auto kind = GENERATE(0, 1, 2);
  auto how = GENERATE(ending::fin, ending::rst);
  auto stop = std::make_shared<gate>();
  running_server server{slow, gate::logger(stop)};
  contested x{server, kind};
  std::vector<raw_client> dead;
  for (int i = 0; i < 20; ++i) {
    dead.push_back(server.connect());
    dead.back().send(lock_request(i, "key", std::to_string(i)));
  }
  REQUIRE(server.gets_waiters(21));
  auto next = server.connect();
  next.send(get("/LOCK/key/next"));
  REQUIRE(server.gets_waiters(22));
  stop->close(server);
  x.holder.send(get("/UNLOCK/key/holder"));
  end(x.waiter, how);
  for (auto& client : dead)
    end(client, how);
  auto start = clock::now();
  stop->open();
  CHECK(is_expiry(next.answer().body));
  CHECK(clock::now() - start < promptly);
  CHECK(server.gets_waiters(0));
  CHECK(server->count().holders == 1);
}

TEST_CASE("a client that goes right after asking leaves a lock at most until its time", "[net]") {
  auto threads = GENERATE(1u, 2u);
  auto how = GENERATE(ending::fin, ending::rst);
  auto config = slow;
  config.threads = threads;
  running_server server{config};
  for (int i = 0; i < 300; ++i) {
    auto client = server.connect();
    client.send(lock_request(i, "key", "me?lock_timeout=0.001"));
    end(client, how);
    CAPTURE(i);
    REQUIRE(server.gets_connections(0));
    REQUIRE(gets_free(server, "key"));
  }
}

TEST_CASE("a client that closes its side before its turn has the lock if it reads so", "[net]") {
  auto threads = GENERATE(1u, 2u);
  auto config = slow;
  config.threads = threads;
  running_server server{config};
  std::mt19937 random{4711};
  for (int i = 0; i < 200; ++i) {
    contested x{server, 2};
    auto before_end = random() % 60'000;
    auto before_unlock = random() % 60'000;
    CAPTURE(i, before_end, before_unlock);
    std::atomic<bool> go = false;
    std::thread closes{[&] {
      while (!go)
        ;
      spin(before_end);
      x.waiter.half_close();
    }};
    go = true;
    spin(before_unlock);
    x.holder.send(get("/UNLOCK/key/holder"));
    closes.join();
    REQUIRE(x.holder.answer().body == "1\n");
    std::string read;
    try {
      read = x.waiter.answer().body;
    } catch (const std::runtime_error&) { // its wait has ended without an answer
    }
    x.waiter.close();
    REQUIRE(server.gets_connections(1));
    if (is_expiry(read)) {
      REQUIRE(server.ask("/UNLOCK/key/waiter") == "1\n");
    }
    REQUIRE(server.ask("/CHECK/key") == "0\n");
  }
}

TEST_CASE("whenever a client goes, its lock goes to the next or to nobody", "[net]") {
  auto threads = GENERATE(1u, 2u);
  auto how = GENERATE(ending::fin, ending::rst);
  auto config = slow;
  config.threads = threads;
  running_server server{config};
  std::mt19937 random{4711};
  for (int i = 0; i < 400; ++i) {
    // Its answer may arrive before it goes: then the lock ends by its time.
    contested x{server, i, "?lock_timeout=0.001"};
    auto next = server.connect();
    auto has_next = i % 2 == 0;
    if (has_next) {
      next.send(get("/LOCK/key/next"));
      REQUIRE(server.gets_waiters(2));
    }
    auto before_end = random() % 60'000;
    auto before_unlock = random() % 60'000;
    CAPTURE(i, before_end, before_unlock);
    std::atomic<bool> go = false;
    std::thread killer{[&] {
      while (!go)
        ;
      spin(before_end);
      end(x.waiter, how);
    }};
    go = true;
    spin(before_unlock);
    x.holder.send(get("/UNLOCK/key/holder"));
    killer.join();
    REQUIRE(x.holder.answer().body == "1\n");
    if (has_next) {
      REQUIRE(is_expiry(next.answer().body));
      REQUIRE(next.send(get("/UNLOCK/key/next")).answer().body == "1\n");
    }
    REQUIRE(gets_free(server, "key"));
    REQUIRE(server->count().waiters == 0);
  }
}

TEST_CASE("a client that has read its answer keeps the lock when it goes", "[net]") {
  auto threads = GENERATE(1u, 2u);
  auto waits = GENERATE(true, false);
  auto config = slow;
  config.threads = threads;
  running_server server{config};
  for (int i = 0; i < 90; ++i) {
    CAPTURE(i);
    auto client = server.connect();
    if (waits) {
      contested x{server, i};
      x.holder.send(get("/UNLOCK/key/holder"));
      client = std::move(x.waiter);
    } else {
      client.send(lock_request(i, "key", "waiter"));
    }
    REQUIRE(reads_grant(client, i));
    client.close();
    REQUIRE(server.gets_connections(0));
    REQUIRE(server.ask("/VERIFY/key/waiter") == "1\n");
    REQUIRE(server.ask("/UNLOCK/key/waiter") == "1\n");
  }
}

TEST_CASE("a client that half-closes and reads slowly keeps the lock that it reads", "[net]") {
  auto threads = GENERATE(1u, 2u);
  auto config = slow;
  config.threads = threads;
  running_server server{config};
  // The answers stay on the way for lack of room: it has not read its grant
  // when the server has seen the end of its requests.
  auto client = raw_client{server->port(), 1024};
  auto last = get("/LOCK/key/me?lock_attempt_timeout=0", "Connection: close\r\n");
  client.send(repeat(get("/PING"), 100) + last).half_close();
  REQUIRE(eventually([&] { return server.ask("/VERIFY/key/me") == "1\n"; }));
  for (int i = 0; i < 100; ++i) {
    REQUIRE(server.ask("/CHECK/other") == "0\n");
    REQUIRE(client.answer().body == "1\n");
  }
  REQUIRE(is_expiry(client.answer().body));
  CHECK(server.ask("/VERIFY/key/me") == "1\n");
  CHECK(client.closes());
  client.close();
  CHECK(server.gets_connections(0));
  CHECK(server.ask("/VERIFY/key/me") == "1\n");
}

TEST_CASE("the lock of a client that is gone ends by its time", "[net]") {
  running_server server{slow};
  auto start = clock::now();
  auto client = server.connect();
  client.send("GET /LOCK/key/me?lock_timeout=1.5\n\n");
  REQUIRE(is_expiry(client.rest()));
  client.close();
  auto next = server.connect();
  next.send(get("/LOCK/key/next"));
  CHECK(is_expiry(next.answer().body));
  CHECK(clock::now() - start >= 1500ms);
}

TEST_CASE("what a client has sent behind a lock it waits for dies with it", "[net]") {
  auto threads = GENERATE(1u, 2u);
  auto how = GENERATE(ending::fin, ending::rst);
  auto bytes = GENERATE(1u, 1'000u, 60'000u, 100'000u, 1'000'000u);
  CAPTURE(threads, static_cast<int>(how), bytes);
  auto config = slow;
  config.threads = threads;
  running_server server{config};
  // An end behind more than the system takes cannot be seen before its turn. Then
  // nobody knows whether the answer has arrived: the lock ends by its time.
  auto is_seen = how == ending::rst || bytes <= 100'000;
  auto query = std::string{is_seen ? "" : "?lock_timeout=0.01"};
  contested x{server, 2, query};
  auto behind = get("/LOCK/other/waiter" + query);
  for (auto rest = repeat(behind, bytes / behind.size() + 1); !rest.empty();) {
    auto size = x.waiter.send_some(rest);
    if (size == 0)
      break;
    rest.erase(0, size);
  }
  CHECK(server->count().holders == 1);
  end(x.waiter, how);
  if (is_seen)
    CHECK(eventually([&] { return server->count().waiters == 0; }, promptly));
  CHECK(x.holder.send(get("/UNLOCK/key/holder")).answer().body == "1\n");
  CHECK(gets_free(server, "key"));
  CHECK(gets_free(server, "other"));
  CHECK(server.gets_waiters(0));
}
