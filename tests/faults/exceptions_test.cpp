// Whatever is thrown on the way of a request ends at most its connection. This includes
// the one step that nothing of ours can guard: CAF's own of an actor that is told to exit.
#include "tests/faults/failing_new.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/running_server.hpp"
#include "tests/support/temporary_directory.hpp"

#include <functional>
#include <iostream>
#include <string>

using namespace test;
using lockserver::test::temporary_directory;
using namespace std::chrono_literals;

namespace {

std::string json(std::string_view method, std::string_view target, const std::string& body) {
  std::string result{method};
  result += ' ';
  result += target;
  result += " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ";
  return result + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// Its requests, on a connection of its own, about a key of its own.
using scenario = std::function<void(raw_client& client, const std::string& key)>;

class fault_fixture {
public:
  explicit fault_fixture(bool durable = false) : server_(config(durable)) {
    watch_ = server_.connect();
    REQUIRE(is_expiry(watch_.send(get("/LOCK/kept/me?lock_timeout=3600")).answer().body));
  }

  // Lets each step fail in turn, in each way, until there is none left.
  void go_through(const scenario& x) {
    for (auto what : {fault::bad_alloc, fault::length_error, fault::system_error})
      for (std::uint64_t n = 1; step(x, n, what); ++n)
        REQUIRE(n < 5000);
    // What was left undecided has ended by its time.
    CHECK(server_.gets_holders(1));
    CHECK(server_.gets_waiters(0));
    CHECK(eventually([&] { return server_->count().keys == 1; }));
    CHECK(eventually([&] { return server_->count().leases == 0; }));
  }

  raw_client connect() const {
    return server_.connect();
  }

private:
  lockserver::settings config(bool durable) const {
    lockserver::settings result;
    result.answer_margin = 100ms; // no answer: the client hears of it soon
    result.lock_timeout = 20ms;
    result.key_idle_timeout = 0ms; // its end is one of the steps
    if (durable) {
      result.data_dir = directory_.path();
      result.sync = lockserver::sync_mode::off;
    }
    return result;
  }

  // Returns whether anything was thrown.
  bool step(const scenario& x, std::uint64_t n, fault what) {
    CAPTURE(n, static_cast<int>(what));
    auto key = "k" + std::to_string(++steps_);
    auto begin = clock::now();
    {
      auto client = server_.connect();
      fail_allocation(n, what);
      try {
        x(client, key);
      } catch (const std::runtime_error&) { // it was closed, or got another answer
      }
    }
    auto failed = stop_failing();
    CHECK(clock::now() - begin < patience);
    CHECK(watch_.send(get("/VERIFY/kept/me")).answer().body == "1\n");
    CHECK(server_.gets_connections(1));
    // The next key that ends takes along what has been left. On a machine that is busy with
    // other things the disk may take longer than the answer may.
    auto locked = server_.request("/LOCK/other/me?lock_timeout=5");
    CHECK((locked.status == 503 || is_expiry(locked.body)));
    auto unlocked = server_.request("/UNLOCK/other/me");
    CHECK((locked.status == 503 || unlocked.status == 503 || unlocked.body == "1\n"));
    CHECK(eventually([&] { return server_->count().keys == 1; }));
    // It can be had, at the latest when the lock that was granted is over.
    auto next = server_.ask("/LOCK/" + key + "/next?lock_timeout=0.01&lock_attempt_timeout=10");
    CAPTURE(next);
    CHECK(is_expiry(next));
    return failed;
  }

  temporary_directory directory_;
  running_server server_;
  raw_client watch_;
  unsigned steps_ = 0;
};

std::string acquire(const std::string& key, const std::string& more) {
  return json("POST", "/v1/locks/" + key, R"({"owner":"a","ttl_ms":20)" + more + "}");
}

void wait_and_hand_over(fault_fixture& x) {
  x.go_through([&](raw_client& client, const std::string& key) {
    auto other = x.connect();
    other.send(acquire(key, "")).answer();
    client.send(json("POST", "/v1/locks/" + key, R"({"owner":"b","ttl_ms":20,"wait_ms":100})"));
    other.send(json("DELETE", "/v1/locks/" + key + "?owner=a", "")).answer();
    client.answer();
  });
}

} // namespace

TEST_CASE("an exception at any step of a LOCK and its UNLOCK ends at most the connection",
          "[net]") {
  fault_fixture x;
  x.go_through([](raw_client& client, const std::string& key) {
    client.send(get("/LOCK/" + key + "/a")).answer();
    client.send(get("/UNLOCK/" + key + "/a")).answer();
  });
}

TEST_CASE("an exception at any step of a request in JSON ends at most the connection", "[net]") {
  fault_fixture x;
  x.go_through([](raw_client& client, const std::string& key) {
    client.send(acquire(key, R"(,"metadata":")" + repeat("m", 900) + R"(","request_id":"r")"))
      .answer();
    client.send(json("PUT", "/v1/locks/" + key, R"({"owner":"a","ttl_ms":20})")).answer();
    client.send(get("/v1/locks/" + key)).answer();
    client.send(get("/v1/locks?limit=10&prefix=" + key)).answer();
    client.send(json("DELETE", "/v1/locks/" + key + "?owner=a", "")).answer();
  });
}

TEST_CASE("an exception at any step of a wait and its hand-over ends at most the connections",
          "[net]") {
  fault_fixture x;
  wait_and_hand_over(x);
}

TEST_CASE("an exception at any step of a lease's life ends at most the connection", "[net]") {
  fault_fixture x;
  x.go_through([](raw_client& client, const std::string& key) {
    auto made = client.send(json("POST", "/v1/leases", R"({"ttl_ms":20})")).answer().body;
    auto begin = made.find("\"lease\":\"") + 9;
    auto lease = made.substr(begin, made.find('"', begin) - begin);
    client.send(json("POST", "/v1/locks/" + key, R"({"owner":"a","lease":")" + lease + "\"}"))
      .answer();
    client.send(json("PUT", "/v1/leases/" + lease, "")).answer();
    client.send(get("/v1/leases/" + lease)).answer();
    client.send(json("DELETE", "/v1/leases/" + lease, "")).answer();
  });
}

TEST_CASE("an exception at any step of a durable hand-over ends at most the connections", "[net]") {
  fault_fixture x{true};
  wait_and_hand_over(x);
}

TEST_CASE("an exception at any step of what is made durable ends at most the connection", "[net]") {
  fault_fixture x{true};
  x.go_through([](raw_client& client, const std::string& key) {
    client.send(acquire(key, "")).answer();
    client.send(json("DELETE", "/v1/locks/" + key + "?owner=a", "")).answer();
  });
}
