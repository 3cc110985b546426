// A grant whose answer may have arrived stays, whatever becomes of its
// connection; one whose answer certainly did not is taken back.
#include "tests/support/catch.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/running_server.hpp"
#include "tests/support/temporary_directory.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

using namespace lockserver;
using namespace std::chrono_literals;
using namespace ::test;

namespace {

// No lock ends by itself while a test runs.
settings slow(unsigned threads = 1) {
  return {.lock_timeout = 600s, .lock_attempt_timeout = 600s, .threads = threads};
}

std::string request(const std::string& method, const std::string& target, const std::string& body) {
  return method + ' ' + target
         + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
         + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string lock(int i, std::string_view name = "me") {
  return get("/LOCK/key" + std::to_string(i) + '/' + std::string{name});
}

// Requests that are answered before: from the second exchange on a system takes
// its time to acknowledge an answer.
void exchange(raw_client& client, int times) {
  for (int i = 0; i < times; ++i)
    REQUIRE(client.send(get("/PING")).answer().body == "1\n");
}

// A client whose system has no room for the answer to its LOCK of `key`: the
// grant is there, and its answer has not left the server's machine.
raw_client with_unsent_grant(running_server& server) {
  raw_client result{server->port(), 1024};
  result.send(repeat(get("/PING"), 200) + get("/LOCK/key/me"));
  REQUIRE(server.gets_holders(1));
  return result;
}

std::string token_of_key(const running_server& server) {
  auto text = server.ask("/v1/locks/key");
  auto begin = text.find("\"token\":");
  REQUIRE(begin != std::string::npos);
  begin += 8;
  return text.substr(begin, text.find_first_of(",}", begin) - begin);
}

} // namespace

TEST_CASE("a client that resets the connection once it has read its grant keeps the lock",
          "[net]") {
  auto threads = GENERATE(1u, 2u);
  auto before = GENERATE(0, 1, 5);
  auto half_closes = GENERATE(false, true);
  CAPTURE(threads, before, half_closes);
  running_server server{slow(threads)};
  for (int i = 0; i < 60; ++i) {
    auto client = server.connect();
    exchange(client, before);
    client.send(lock(i));
    if (half_closes)
      client.half_close();
    REQUIRE(is_expiry(client.answer().body));
    client.reset();
  }
  REQUIRE(server.gets_connections(0));
  for (int i = 0; i < 60; ++i)
    CHECK(server.ask("/VERIFY/key" + std::to_string(i) + "/me") == "1\n");
}

TEST_CASE("a client that has waited and resets once it has read its grant keeps the lock",
          "[net]") {
  running_server server{slow(GENERATE(1u, 2u))};
  for (int i = 0; i < 30; ++i) {
    auto holder = server.connect();
    REQUIRE(is_expiry(holder.send(lock(i, "holder")).answer().body));
    auto client = server.connect();
    exchange(client, 2);
    client.send(lock(i));
    REQUIRE(server.gets_waiters(1));
    holder.send(get("/UNLOCK/key" + std::to_string(i) + "/holder"));
    REQUIRE(is_expiry(client.answer().body));
    client.reset();
  }
  REQUIRE(server.gets_connections(0));
  CHECK(server->count().holders == 30);
}

TEST_CASE("a grant that has reached its client's system stays, though nobody reads it", "[net]") {
  auto how = GENERATE(as<std::string>{}, "close", "reset");
  running_server server{slow(GENERATE(1u, 2u))};
  std::vector<raw_client> clients;
  for (int i = 0; i < 30; ++i) {
    clients.push_back(server.connect());
    clients.back().send(lock(i));
    REQUIRE(eventually([&] { return !clients.back().silent(); }));
  }
  for (auto& client : clients) {
    if (how == "close")
      client.close();
    else
      client.reset();
  }
  REQUIRE(server.gets_connections(0));
  CHECK(server->count().holders == 30);
}

TEST_CASE("a grant whose answer never left the server is taken back", "[net]") {
  auto how = GENERATE(as<std::string>{}, "close", "reset");
  // That it sends more does not show that it has read anything.
  auto more = GENERATE(as<std::string>{}, "", "GET", get("/CHECK/other"));
  CAPTURE(how, more);
  running_server server{slow()};
  auto client = with_unsent_grant(server);
  client.send(more);
  REQUIRE(server.ask("/PING") == "1\n");
  if (how == "close")
    client.close();
  else
    client.reset();
  CHECK(server.gets_holders(0));
}

TEST_CASE("a grant that somebody relies on stays, though its answer never left the server",
          "[net]") {
  running_server server{slow()};
  auto client = with_unsent_grant(server);
  SECTION("because it was renewed by its token, on another connection") {
    auto body = R"({"owner":"me","token":)" + token_of_key(server) + '}';
    REQUIRE(server.connect().send(request("PUT", "/v1/locks/key", body)).answer().status == 200);
  }
  SECTION("because somebody was told that its owner holds it") {
    REQUIRE(server.ask("/VERIFY/key/me") == "1\n");
  }
  SECTION("because its owner was told so when it asked again") {
    REQUIRE(server.ask("/LOCK/key/me") == "0\n");
  }
  client.reset();
  REQUIRE(server.gets_connections(0));
  CHECK(server.ask("/VERIFY/key/me") == "1\n");
}

TEST_CASE("a client that closed before its answer came does not keep the lock", "[net]") {
  auto closes = GENERATE(as<std::string>{}, "closes", "asks for an end and closes",
                         "half-closes and resets");
  CAPTURE(closes);
  auto stop = std::make_shared<gate>();
  running_server server{slow(), gate::logger(stop)};
  for (int i = 0; i < 20; ++i) {
    auto client = server.connect();
    // All this happens while the server does nothing; then it finds it at once.
    stop->close(server);
    if (closes == "asks for an end and closes")
      client.send(get("/LOCK/key/me", "Connection: close\r\n"));
    else
      client.send(get("/LOCK/key/me"));
    if (closes == "half-closes and resets")
      client.half_close().reset();
    else
      client.close();
    stop->open();
    REQUIRE(server.gets_connections(0));
    REQUIRE(server.gets_holders(0));
  }
}

TEST_CASE("a lock held by its connection ends with it, whoever relies on it", "[net]") {
  running_server server{slow(GENERATE(1u, 2u))};
  auto client = server.connect();
  auto body = std::string{R"({"owner":"me","hold":"connection","request_id":"r"})"};
  REQUIRE(client.send(request("POST", "/v1/locks/key", body)).answer().status == 200);
  SECTION("when it has been renewed") {
    auto renewal = request("PUT", "/v1/locks/key", R"({"owner":"me"})");
    REQUIRE(client.send(renewal).answer().status == 200);
  }
  SECTION("when somebody was told of it") {
    REQUIRE(server.ask("/VERIFY/key/me") == "1\n");
  }
  SECTION("when it was asked for again, with the last connection") {
    auto other = server.connect();
    REQUIRE(other.send(request("POST", "/v1/locks/key", body)).answer().status == 200);
    client.reset();
    REQUIRE(server.gets_connections(1));
    REQUIRE(server.ask("/VERIFY/key/me") == "1\n");
    client = std::move(other);
  }
  SECTION("when more have asked for it again than are remembered, with the last of these") {
    std::vector<raw_client> others;
    for (int i = 0; i < 12; ++i) {
      others.push_back(server.connect());
      REQUIRE(others.back().send(request("POST", "/v1/locks/key", body)).answer().status == 200);
    }
    others.clear();
  }
  client.reset();
  CHECK(server.gets_holders(0));
}

TEST_CASE("a lock that a server has from its store stays when a repeat is reset", "[net]") {
  lockserver::test::temporary_directory directory;
  auto config = slow();
  config.data_dir = directory.path();
  config.sync = sync_mode::off;
  auto body = std::string{R"({"owner":"me","request_id":"r"})"};
  std::string first;
  {
    running_server server{config};
    first = server.connect().send(request("POST", "/v1/locks/key", body)).answer().body;
    REQUIRE(server.gets_connections(0));
  }
  running_server server{config};
  REQUIRE(server.gets_holders(1));
  auto token = token_of_key(server);
  CHECK(first.find("\"token\":" + token) != std::string::npos);
  // Its answer does not arrive: there is no room for it.
  raw_client client{server->port(), 1024};
  client.send(repeat(get("/PING"), 200) + request("POST", "/v1/locks/key", body)
              + get("/LOCK/other/me"));
  REQUIRE(server.gets_holders(2));
  client.reset();
  REQUIRE(server.gets_connections(0));
  REQUIRE(server.gets_holders(1));
  CHECK(server.ask("/VERIFY/key/me") == "1\n");
  CHECK(token_of_key(server) == token);
}

TEST_CASE("whatever a slow client can still read when it is closed stays locked", "[net]") {
  auto config = slow();
  config.write_timeout = 100ms;
  running_server server{config};
  std::size_t granted = 0;
  std::size_t arrived = 0;
  for (int round = 0; round < 20; ++round) {
    raw_client client{server->port(), 4096};
    std::string requests;
    for (int i = 0; i < 500; ++i)
      requests += lock(round * 500 + i);
    client.send(requests);
    granted += 500;
    // It reads on at the moment at which the server gives it up.
    try {
      for (int i = 0; i < 500; ++i, ++arrived) {
        if (i == 20)
          eventually([] { return false; }, std::chrono::milliseconds{90 + round});
        if (!is_expiry(client.answer().body))
          break;
      }
    } catch (const std::exception&) { // the end
    }
  }
  REQUIRE(server.gets_connections(0));
  CAPTURE(granted, arrived, server->count().holders);
  CHECK(server->count().holders >= arrived);
}
