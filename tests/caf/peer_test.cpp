// Peers that have introduced themselves rightly, and then send what no client of ours
// does: each is closed, and the log says why.
#include "tests/support/basp_peer.hpp"
#include "tests/support/caf_server.hpp"
#include "tests/support/catch.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <memory>
#include <optional>
#include <sstream>
#include <string>

using namespace std::chrono_literals;
using namespace test;

namespace {

constexpr std::uint64_t ask = 0x1000000000000001;
constexpr std::uint64_t tell = 0x1000000000000000;

// A server that logs into a text, and one that speaks to it as a node does.
struct with_peer {
  with_peer() {
    server.emplace(with_caf_port(), log);
    peer.emplace((*server)->caf_port());
  }

  // The server closes the connection, says that, and goes on.
  void is_closed(const std::string& why) {
    peer->wait_for_close();
    {
      caf_node node{(*server)->caf_port()};
      auto user = node.new_user();
      CHECK(user->acquire("key", 60s)->value().token > 0);
      CHECK(user->release("key")->value());
    }
    CHECK(server->ask("/PING") == "1\n");
    server.reset();
    INFO(text.str());
    CHECK(text.str().find("CAF peer " + why + ": peer=127.0.0.1:") != std::string::npos);
  }

  std::ostringstream text; // read once the server is gone
  std::shared_ptr<spdlog::logger> log = std::make_shared<spdlog::logger>(
    "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text));
  std::optional<running_server> server;
  std::optional<basp_peer> peer;
};

} // namespace

TEST_CASE_METHOD(with_peer, "a message of a stream to the published actor", "[net]") {
  std::uint64_t id = GENERATE(0x2000000000000000U, 0x3000000000000000U, 0x2000000000000001U);
  peer->send(basp_head(2, 16, id, 5, peer->published()) + std::string(16, '\0'));
  is_closed("sent a message of a category that no client uses");
}

TEST_CASE_METHOD(with_peer, "an answer to what nobody asked", "[net]") {
  peer->send(basp_head(2, 16, 0x9000000000000001U, 5, peer->published()) + std::string(16, '\0'));
  is_closed("sent a message of a category that no client uses");
}

TEST_CASE_METHOD(with_peer, "a message to the published actor that means nothing", "[net]") {
  peer->send(basp_head(2, 16, ask, 5, peer->published()) + std::string(16, 'x'));
  is_closed("sent the published actor what no client sends");
}

TEST_CASE_METHOD(with_peer, "a message to any other actor of the server", "[net]") {
  auto distance = GENERATE(1U, 2U, 1'000'000U);
  peer->send(basp_head(2, 16, tell, 5, peer->published() + distance) + std::string(16, 'x'));
  is_closed("sent a message to an actor that is not for it");
}

TEST_CASE_METHOD(with_peer, "a message to an actor by its name", "[net]") {
  // "ConfigServ", as CAF 0.17 packs it into a number, and CAF 1.1.
  auto name = GENERATE(0xF0E28F1E5DA2C9D3U, 1U, 2U);
  peer->send(basp_head(2, 16, ask, 5, name, 1) + std::string(16, 'x'));
  is_closed("sent a message to an actor that is not for it");
}

TEST_CASE_METHOD(with_peer, "a message by way of a third node", "[net]") {
  auto text_of = peer->node() + peer->servers_node() + std::string(16, 'x');
  peer->send(basp_head(3, static_cast<std::uint32_t>(text_of.size()), tell, 5, peer->published())
             + text_of);
  is_closed("sent a message of the kind 3, which no client does");
}

TEST_CASE_METHOD(with_peer, "news of actors of other nodes", "[net]") {
  auto third = peer->node();
  third.back() ^= 1;
  auto nodes = third + peer->servers_node();
  auto size = static_cast<std::uint32_t>(nodes.size());
  peer->send(basp_head(4, size, 0, 0, peer->published()) + nodes);
  is_closed("spoke of a node that is neither it nor this");
}

TEST_CASE_METHOD(with_peer, "the end of an actor for a reason with a text", "[net]") {
  auto news = peer->node() + peer->servers_node() + std::string(200, 'x');
  peer->send(basp_head(5, static_cast<std::uint32_t>(news.size()), 0, 5) + news);
  is_closed("told of the end of an actor as no client does");
}

// CAF keeps something for each node that it has ever heard of.
TEST_CASE_METHOD(with_peer, "a peer that is one node after the other", "[net]") {
  CHECK(peer->send(peer->introduction(peer->node())));
  auto next = peer->node();
  next.back() ^= 1;
  peer->send(peer->introduction(next));
  is_closed("introduced itself as a node that it is not");
}

TEST_CASE_METHOD(with_peer, "a peer that says to be the server", "[net]") {
  peer->send(peer->introduction(peer->servers_node()));
  is_closed("introduced itself as a node that it is not");
}
