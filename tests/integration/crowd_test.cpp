// Crowds at the door: many who wait, who pipeline, or who do not take their answers.
#include "tests/support/catch.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/running_server.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

using namespace lockserver;
using namespace std::chrono_literals;
using namespace test;

namespace {

std::string post(const std::string& target, const std::string& body) {
  return "POST " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
         + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string shared(const std::string& owner, const std::string& metadata = {}) {
  return R"({"owner":")" + owner + R"(","mode":"shared","wait_ms":0,"ttl_ms":600000,"metadata":")"
         + metadata + "\"}";
}

std::uint64_t token_of(const response& x) {
  REQUIRE(x.status == 200);
  return std::stoull(x.body.substr(x.body.find("\"token\":") + 8));
}

} // namespace

TEST_CASE("waiters leave connections to those that do not wait", "[net]") {
  running_server server{{.max_connections = 20}};
  auto holder = server.connect();
  REQUIRE(is_expiry(holder.send(get("/LOCK/key/holder?lock_timeout=600")).answer().body));
  std::vector<raw_client> waiters;
  for (int i = 0; i < 18; ++i) {
    waiters.push_back(server.connect());
    waiters.back().send(get("/LOCK/key/w" + std::to_string(i) + "?lock_attempt_timeout=600"));
  }
  REQUIRE(server.gets_waiters(18));
  auto one_more = server.connect();
  auto refused = one_more.send(get("/LOCK/key/w?lock_attempt_timeout=600")).answer();
  CHECK(refused.status == 429);
  CHECK(refused.body == "0\n");
  CHECK(refused["retry-after"] == "1");
  refused = one_more.send(post("/v1/locks/key", R"({"owner":"w"})")).answer();
  CHECK(refused.status == 429);
  CHECK(refused["retry-after"] == "1");
  CHECK(refused.body.find("\"too_many\"") != std::string::npos);
  // What does not wait is served: a refusal at once, another lock, a release.
  CHECK(one_more.send(get("/LOCK/key/w?lock_attempt_timeout=0")).answer().status == 200);
  CHECK(is_expiry(one_more.send(get("/LOCK/other/w?lock_attempt_timeout=600")).answer().body));
  CHECK(holder.send(get("/UNLOCK/key/holder")).answer().body == "1\n");
  CHECK(is_expiry(waiters[0].answer().body));
  CHECK(server.gets_waiters(17));
}

TEST_CASE("beyond the limit of connections all but locks is served", "[net]") {
  running_server server{{.max_connections = 20}};
  std::vector<raw_client> silent;
  for (int i = 0; i < 20; ++i) {
    silent.push_back(server.connect());
    REQUIRE(silent.back().send(get("/PING")).answer().body == "1\n");
  }
  REQUIRE(is_expiry(silent[0].send(get("/LOCK/key/me?lock_timeout=60")).answer().body));
  CHECK(server.request("/healthz").status == 200);
  CHECK(server.request("/readyz").status == 200);
  CHECK(server.ask("/VERIFY/key/me") == "1\n");
  CHECK(server.request("/v1/locks/key").status == 200);
  auto refused = server.request("/LOCK/free/you?lock_attempt_timeout=0");
  CHECK(refused.status == 429);
  CHECK(refused["connection"] == "close");
  CHECK(server.ask("/UNLOCK/key/me") == "1\n");
}

TEST_CASE("a client that pipelines has its share of a turn, then the others have theirs", "[net]") {
  auto stop = std::make_shared<gate>();
  running_server server{{}, gate::logger(stop)};
  auto many = server.connect();
  auto other = server.connect();
  auto acquire = [](const std::string& key) {
    return post("/v1/locks/" + key, R"({"owner":"me"})");
  };
  for (auto* client : {&many, &other})
    REQUIRE(client->send(get("/PING")).answer().status == 200);
  constexpr int count = 300;
  std::string requests;
  for (int i = 0; i < count; ++i)
    requests += acquire("k" + std::to_string(i));
  // The server finds both.
  stop->close(server);
  many.send(requests);
  other.send(acquire("other"));
  stop->open();
  auto first = token_of(many.answer());
  // Tokens count the grants.
  CHECK(token_of(other.answer()) - first < 100);
  for (int i = 1; i < count; ++i)
    REQUIRE(many.answer().status == 200);
}

TEST_CASE("who pipelines and then half-closes gets all answers", "[net]") {
  running_server server;
  auto client = server.connect();
  auto target = GENERATE("/PING", "/CHECK/key");
  constexpr int count = 1'000;
  client.send(repeat(get(target), count) + "GET /PI").half_close();
  for (int i = 0; i < count; ++i)
    REQUIRE(client.answer().status == 200);
  CHECK(client.closes());
  CHECK(server.gets_connections(0));
}

TEST_CASE("a refusal is short however many hold the lock, and whatever they say", "[net]") {
  running_server server;
  auto client = server.connect();
  auto metadata = repeat("\\u0001", 1'024);
  for (int i = 0; i < 1'000; ++i)
    client.send(post("/v1/locks/key", shared("o" + std::to_string(i), metadata)));
  for (int i = 0; i < 1'000; ++i)
    REQUIRE(client.answer().status == 200);
  auto refused = client.send(post("/v1/locks/key", R"({"owner":"late","wait_ms":0})")).answer();
  CHECK(refused.status == 423);
  CHECK(refused.body.size() < 100'000);
  CHECK(refused.body.find("\"holder_count\":1000") != std::string::npos);
  auto look = client.send(get("/v1/locks/key")).answer();
  CHECK(look.body.size() < 300'000);
  CHECK(look.body.find("\"holder_count\":1000") != std::string::npos);
  CHECK(client.send(get("/v1/locks")).answer().body.size() < 300'000);
}
