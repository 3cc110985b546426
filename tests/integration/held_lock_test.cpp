// Keep-alive in the background with peers that play the server, so that each
// turn of events can be arranged. Needs no lock server.
#include "lockserver/held_lock.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/child_of_test.hpp"
#include "tests/support/countdown.hpp"
#include "tests/support/http_script.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/scripted_client.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace lockserver;
using namespace std::chrono_literals;

namespace {

using lockserver::test::countdown;
using ::test::client_of;
using ::test::eventually;
using ::test::granted;
using ::test::hang_up;
using ::test::not_holder;
using ::test::released;
using ::test::say_nothing;
using ::test::scripted_peer;
using ::test::step;

// The first connection is that of the blocking calls, the second the keeper's.
using script = scripted_peer::script;

client::acquire_options for_time(std::chrono::milliseconds ttl) {
  client::acquire_options result;
  result.ttl = ttl;
  return result;
}

int count(const scripted_peer& peer, const std::string& method) {
  auto all = peer.requests();
  return static_cast<int>(std::count_if(all.begin(), all.end(), [&](const std::string& x) {
    return x.starts_with(method);
  }));
}

std::ptrdiff_t threads() {
  std::filesystem::directory_iterator tasks{"/proc/self/task"};
  return std::distance(begin(tasks), end(tasks));
}

} // namespace

TEST_CASE("a held lock is renewed until it is released and not after", "[net]") {
  scripted_peer peer{{{granted(300ms, 7), released}, script(1000, granted(300ms, 7))}};
  {
    auto client = client_of(peer);
    auto held = hold(client, "key", for_time(300ms));
    REQUIRE(held);
    CHECK(held->token() == 7);
    CHECK(held->state() == hold_state::held);
    REQUIRE(eventually([&] { return count(peer, "PUT /v1/locks/key") >= 4; }));
    CHECK(held->held());
    CHECK(held->remaining() > 0ms);
    CHECK(held->remaining() <= 300ms);
    CHECK(held->release());
    CHECK(held->state() == hold_state::released);
    CHECK(!held->held());
    CHECK(held->remaining() == 0ms);
    CHECK(!held->release()); // there is nothing any more
  }
  REQUIRE(eventually([&] { return peer.closed() == 2; }));
  CHECK(peer.requests().back() == "DELETE /v1/locks/key?owner=me&token=7");
  CHECK(count(peer, "DELETE") == 1);
  CHECK(peer.bodies()[1] == R"({"owner":"me","token":7,"ttl_ms":300})");
}

TEST_CASE("a lock whose renewals are suspended is lost when its time is over", "[net]") {
  scripted_peer peer{{{granted(400ms)}, script(1000, granted(400ms))}};
  auto client = client_of(peer);
  countdown told{1};
  auto held = hold(client, "key", for_time(400ms), [&](const client::problem&) { told.hit(); });
  REQUIRE(held);
  held->pause();
  REQUIRE(told.wait());
  CHECK(held->lost());
  held->resume();
  CHECK(held->lost());
}

TEST_CASE("a lock whose renewals go on in time is kept", "[net]") {
  scripted_peer peer{{{granted(2s), released}, script(1000, granted(2s))}};
  auto client = client_of(peer);
  auto held = hold(client, "key", for_time(2s));
  REQUIRE(held);
  held->pause();
  held->resume();
  REQUIRE(eventually([&] { return count(peer, "PUT") >= 4; }));
  CHECK(held->held());
}

TEST_CASE("a lock that is left ends by itself and is not released", "[net]") {
  scripted_peer peer{{{granted(30s, 7), granted(5s, 7)}}};
  auto client = client_of(peer);
  {
    auto held = hold(client, "key", for_time(30s));
    REQUIRE(held);
    CHECK(held->leave(5s));
    CHECK(held->state() == hold_state::released);
    CHECK(held->leave(5s).error() == errc::not_holder);
  }
  REQUIRE(peer.requests().size() == 2);
  CHECK(peer.bodies()[1] == R"({"owner":"me","token":7,"ttl_ms":5000})");
}

TEST_CASE("a guard releases when it is destroyed, assigned to, but not when moved", "[net]") {
  scripted_peer peer{{{granted(30s, 1), granted(30s, 2), released, released}}};
  auto client = client_of(peer);
  {
    held_lock one = std::move(*hold(client, "key"));
    held_lock two = std::move(*hold(client, "key"));
    held_lock moved = std::move(one);
    CHECK(one.state() == hold_state::none); // NOLINT(bugprone-use-after-move): says so
    CHECK(moved.held());
    CHECK(count(peer, "DELETE") == 0);
    moved = std::move(two);
    CHECK(peer.requests().back() == "DELETE /v1/locks/key?owner=me&token=1");
  }
  CHECK(peer.requests().back() == "DELETE /v1/locks/key?owner=me&token=2");
}

TEST_CASE("a lock that cannot be renewed is lost before the server ends it", "[net]") {
  scripted_peer peer{{{granted(400ms)}, {say_nothing}}};
  auto client = client_of(peer);
  countdown told{1};
  client::problem why;
  auto before = boot_clock::now();
  auto held = hold(client, "key", for_time(400ms), [&](const client::problem& x) {
    why = x;
    told.hit();
  });
  REQUIRE(held);
  // The server cannot end it before `before + 400ms`.
  CHECK(held->grant().safe_until >= before + 396ms);
  CHECK(held->grant().safe_until < boot_clock::now() + 396ms);
  auto last_held = before;
  REQUIRE(eventually([&] {
    auto now = boot_clock::now(); // before it is asked
    if (held->held())
      last_held = now;
    return held->lost();
  }));
  CHECK(last_held < held->grant().safe_until);
  REQUIRE(told.wait());
  CHECK(why.code == errc::expired);
  CHECK(held->loss().code == errc::expired);
  CHECK(held->release().error() == errc::expired);
  CHECK(count(peer, "DELETE") == 0); // it is not ours to release
}

TEST_CASE("the reason of a loss tells what went wrong before", "[net]") {
  scripted_peer peer{{{granted(300ms)}}}; // all other connections are closed at once
  auto client = client_of(peer);
  auto held = hold(client, "key", for_time(300ms));
  REQUIRE(held);
  REQUIRE(eventually([&] { return held->lost(); }));
  CHECK_THAT(held->loss().detail, Catch::Matchers::Contains("not renewed in time")
                                    && Catch::Matchers::Contains("connection was lost"));
}

TEST_CASE("a lock that was taken away is lost at once", "[net]") {
  scripted_peer peer{{{granted(1h)}, {not_holder}}};
  auto client = client_of(peer);
  auto obtained = client.acquire("key");
  REQUIRE(obtained);
  countdown told{1};
  held_lock held{client, *obtained,
                 [&](const client::problem& x) {
                   CHECK(x.code == errc::not_holder);
                   CHECK(x.detail == "the detail");
                   told.hit();
                 },
                 30ms}; // asks for so little that it soon asks
  REQUIRE(told.wait());
  CHECK(held.lost());
  CHECK(!held.held());
}

TEST_CASE("a renewal that fails is tried again", "[net]") {
  scripted_peer peer{{{granted(1h), released},
                      {::test::problem("stopping", "503 Service Unavailable"), hang_up},
                      {hang_up},
                      script(1000, granted(1h))}};
  auto client = client_of(peer);
  auto obtained = client.acquire("key");
  REQUIRE(obtained);
  held_lock held{client, *obtained, {}, 30ms};
  REQUIRE(eventually([&] { return count(peer, "PUT") >= 5; }));
  CHECK(held.held());
}

TEST_CASE("a lock is known to be lost although nothing in the background runs", "[net]") {
  // As after SIGSTOP, when the first thread to run is the one that asks.
  scripted_peer peer{{{granted(1h, 1), granted(500ms, 2)}, {not_holder}}};
  auto client = client_of(peer);
  std::promise<void> go_on;
  countdown stopped{1};
  auto blocker = client.acquire("key");
  REQUIRE(blocker);
  held_lock first{client, *blocker,
                  [&](const client::problem&) {
                    stopped.hit();
                    go_on.get_future().wait();
                  },
                  30ms};
  REQUIRE(stopped.wait()); // from here on the background stands still
  auto held = hold(client, "key", for_time(500ms));
  REQUIRE(held);
  CHECK(eventually([&] { return !held->held(); }));
  CHECK(boot_clock::now() >= held->grant().safe_until);
  CHECK(held->lost());
  CHECK(held->loss().code == errc::expired);
  go_on.set_value();
}

TEST_CASE("a release breaks off the renewal under way", "[net]") {
  scripted_peer peer{{{granted(1h), released}, {say_nothing}}};
  auto client = client_of(peer);
  auto obtained = client.acquire("key");
  REQUIRE(obtained);
  obtained->safe_until = boot_clock::now() + 3s; // so that it is renewed after one
  held_lock held{client, *obtained};
  REQUIRE(eventually([&] { return count(peer, "PUT") == 1; }));
  CHECK(peer.closed() == 0);
  CHECK(held.release());
  CHECK(peer.requests().back().starts_with("DELETE"));
  // The other connection has come to the end of its script, too.
  CHECK(eventually([&] { return peer.closed() == 2; }));
}

TEST_CASE("a client is destroyed while renewals are under way", "[net]") {
  scripted_peer peer{{{granted(2s), released}, {say_nothing}}};
  std::optional<rest_client> client{client_of(peer)};
  auto held = hold(*client, "key", for_time(2s));
  REQUIRE(held);
  auto before = threads();
  REQUIRE(eventually([&] { return count(peer, "PUT") == 1; }));
  client.reset();
  CHECK(threads() == before - 1);
  CHECK(held->held()); // its time is not over
  CHECK(held->release());
  CHECK(peer.requests().back().starts_with("DELETE"));
}

TEST_CASE("any number of locks need one thread", "[net]") {
  constexpr int many = 20;
  script all(many, granted(30s));
  all.insert(all.end(), many, released);
  scripted_peer peer{{all}};
  auto before = threads();
  auto client = client_of(peer);
  std::vector<held_lock> locks;
  for (int i = 0; i < many; ++i)
    locks.push_back(std::move(*hold(client, "key")));
  CHECK(threads() == before + 1);
}

TEST_CASE("what is told of a loss may release, also other locks", "[net]") {
  scripted_peer peer{{{granted(1h, 1), granted(1h, 2), released}, {not_holder}}};
  auto client = client_of(peer);
  auto one = client.acquire("key");
  auto two = client.acquire("key");
  REQUIRE((one && two));
  held_lock other{client, *two};
  countdown told{1};
  held_lock held;
  std::promise<void> ready;
  held = held_lock{client, *one,
                   [&](const client::problem&) {
                     ready.get_future().wait();
                     CHECK(!held.release());
                     CHECK(other.release());
                     told.hit();
                   },
                   30ms};
  ready.set_value();
  REQUIRE(told.wait());
  CHECK(other.state() == hold_state::released);
}

TEST_CASE("renewals ask for the time that was asked for, not for what was left of it", "[net]") {
  // As when the answer to a first request was lost.
  scripted_peer peer{{{granted(505ms), released}, script(1000, granted(4s))}};
  auto client = client_of(peer);
  auto held = hold(client, "key", for_time(4s));
  REQUIRE(held);
  REQUIRE(eventually([&] { return count(peer, "PUT") >= 1; }));
  CHECK(peer.bodies()[1] == R"({"owner":"me","token":1,"ttl_ms":4000})");
}

TEST_CASE("renewals of a lock without a time leave it to the server", "[net]") {
  scripted_peer peer{{{granted(505ms), released}, script(1000, granted(4s))}};
  auto client = client_of(peer);
  auto held = hold(client, "key");
  REQUIRE(held);
  REQUIRE(eventually([&] { return count(peer, "PUT") >= 1; }));
  CHECK(peer.bodies()[1] == R"({"owner":"me","token":1})");
  CHECK(eventually([&] { return held->remaining() > 1s; }));
}

TEST_CASE("a release whose answer is lost is sent again", "[net]") {
  scripted_peer peer{{{granted(30s, 7), hang_up}, {hang_up}, {not_holder}}};
  auto client = client_of(peer);
  auto held = hold(client, "key");
  REQUIRE(held);
  CHECK(held->release());
  CHECK(count(peer, "DELETE /v1/locks/key?owner=me&token=7") == 3);
}

TEST_CASE("a release is sent again for no longer than the lock lasts", "[net]") {
  scripted_peer peer{{{granted(600ms), hang_up}}}; // all other connections are closed at once
  auto client = client_of(peer);
  auto held = hold(client, "key", for_time(600ms));
  REQUIRE(held);
  CHECK(held->release().error() == errc::connection_lost);
}

TEST_CASE("a renewal that is answered with far too much is a failed one", "[net]") {
  step bomb{step::answer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: "
                            + std::string(65'534, 'a') + "\r\n\r\n"};
  scripted_peer peer{{{granted(1h), released}, {bomb}, script(1000, granted(1h))}};
  auto client = client_of(peer);
  auto obtained = client.acquire("key");
  REQUIRE(obtained);
  held_lock held{client, *obtained, {}, 30ms};
  REQUIRE(eventually([&] { return count(peer, "PUT") >= 3; }));
  CHECK(held.held());
}

TEST_CASE("a renewal that is answered for another lock is a failed one", "[net]") {
  auto other = granted(1h);
  other.bytes.replace(other.bytes.find("\"key\":\"key\""), 11, "\"key\":\"odd\"");
  scripted_peer peer{{{granted(300ms)}, script(1000, other)}};
  auto client = client_of(peer);
  auto held = hold(client, "key", for_time(300ms));
  REQUIRE(held);
  CHECK(eventually([&] { return held->lost(); }));
}

TEST_CASE("a fork has no part in the locks of its parent", "[net]") {
  scripted_peer peer{{{granted(600ms, 7), released}, script(1000, granted(600ms, 7))}};
  std::optional<rest_client> client{client_of(peer)};
  std::optional<held_lock> held{std::move(*hold(*client, "key", for_time(600ms)))};
  REQUIRE(eventually([&] { return count(peer, "PUT") >= 1; }));
  CHECK(::test::in_child([&] {
    auto mine = held->held() || held->state() != hold_state::none || held->release();
    held.reset();
    client.reset();
    return !mine;
  }));
  auto so_far = count(peer, "PUT");
  CHECK(eventually([&] { return count(peer, "PUT") > so_far; }));
  CHECK(held->held());
  CHECK(count(peer, "DELETE") == 0);
  CHECK(held->release());
}

// AddressSanitizer's allocator is not safe across a fork: a thread of the child may wait
// for ever for a mutex that a thread of the parent had.
#ifndef __SANITIZE_ADDRESS__
TEST_CASE("a fork holds locks of its own by its parent's client", "[net]") {
  scripted_peer peer{{{granted(30s, 1), released}, {granted(30s, 2), released}}};
  auto client = client_of(peer);
  auto held = hold(client, "key");
  REQUIRE(held);
  CHECK(::test::in_child([&] {
    auto mine = hold(client, "key");
    return mine && mine->held() && mine->token() == 2 && mine->release();
  }));
  CHECK(count(peer, "DELETE /v1/locks/key?owner=me&token=2") == 1);
  CHECK(held->release());
  CHECK(count(peer, "DELETE /v1/locks/key?owner=me&token=1") == 1);
}
#endif

TEST_CASE("no socket of the renewals is inherited by programs that are started", "[net]") {
  scripted_peer peer{{{granted(300ms), released}, script(1000, granted(300ms))}};
  auto client = client_of(peer);
  auto held = hold(client, "key", for_time(300ms));
  REQUIRE(eventually([&] { return count(peer, "PUT") >= 1; }));
  CHECK(::test::inheritable_sockets_to(peer.port()) == 0);
}

TEST_CASE("a lock with a lease is not held by itself", "[net]") {
  scripted_peer peer{{}};
  client::acquire_options options;
  options.lease = "abc";
  CHECK(hold(client_of(peer), "key", options).error() == std::errc::invalid_argument);
  CHECK(peer.connections() == 0);
}
