// Peers that are none: what comes to the CAF port without being a CAF node, and
// clients that ask where no lock server is.
#include "tests/support/basp_peer.hpp"
#include "tests/support/caf_server.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/seed.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <caf/io/all.hpp>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <exception>
#include <fstream>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace test;
using lockserver::errc;

namespace {

// A server with a client that holds a lock, neither of which a stranger must
// disturb.
struct undisturbed {
  running_server server{with_caf_port()};
  caf_node node{server->caf_port()};
  std::unique_ptr<caf_user> user = node.new_user();
  std::uint64_t token = user->acquire("key", 60s)->value().token;

  raw_client stranger() {
    return raw_client{server->caf_port()};
  }

  void check() {
    CHECK(user->verify("key")->value());
    CHECK(user->losses() == 0);
    CHECK(server.ask("/PING") == "1\n");
    caf_node next{server->caf_port()};
    auto other = next.new_user();
    CHECK(other->acquire("other", 60s)->value().token > token);
    CHECK(other->release("other")->value());
  }
};

// The most memory that this process has had so far, in MiB.
std::size_t peak_memory() {
  std::ifstream file{"/proc/self/status"};
  for (std::string word; file >> word;)
    if (word == "VmHWM:") {
      std::size_t kib = 0;
      file >> kib;
      return kib / 1024;
    }
  throw std::runtime_error{"no VmHWM in /proc/self/status"};
}

// A server that logs into a text.
struct logging_server {
  std::ostringstream text; // read once the server is gone
  std::shared_ptr<spdlog::logger> log = std::make_shared<spdlog::logger>(
    "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text));
};

// Why a client of that port gets no lock; at its deadline, and its system ends.
std::string refusal_from(std::uint16_t port) {
  lockserver::client_actor_options options;
  options.request_timeout = 700ms;
  options.connect_timeout = 300ms;
  auto begin = clock::now();
  std::string result;
  {
    caf_node node{port, options};
    auto user = node.new_user();
    auto grant = user->acquire("key", 60s);
    auto verified = user->verify("key");
    CHECK(grant->is(errc::unreachable));
    CHECK(verified->is(errc::unreachable));
    CHECK(grant->at() - begin >= 700ms);
    CHECK(grant->at() - begin < 3s);
    result = grant->detail();
  }
  CHECK(clock::now() - begin < 5s);
  return result;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE_METHOD(undisturbed, "an HTTP request to the CAF port disturbs nobody", "[net]") {
  auto x = stranger();
  x.send("GET /LOCK/key/me HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK_NOTHROW(x.closes());
  check();
}

TEST_CASE_METHOD(undisturbed, "random bytes to the CAF port disturb nobody", "[net]") {
  auto seed = lockserver::test::random_seed();
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  for (int i = 0; i < 50; ++i) {
    auto x = stranger();
    std::string bytes(1 + random() % 4096, '\0');
    for (auto& c : bytes)
      c = static_cast<char>(random());
    x.send_some(bytes);
    if (i % 2 == 0)
      x.reset();
  }
  check();
}

TEST_CASE_METHOD(undisturbed, "damaged heads of BASP messages disturb nobody", "[net]") {
  auto seed = lockserver::test::random_seed();
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  for (int i = 0; i < 50; ++i) {
    auto x = stranger();
    auto operation = static_cast<char>(random() % 9);
    auto length = static_cast<std::uint32_t>(random() % 300);
    auto message = basp_head(operation, length, i % 3) + std::string(random() % 300, 'x');
    try {
      x.send_some(message);
      x.send_some(message);
    } catch (const std::exception&) { // the server has closed it by then
    }
  }
  check();
}

TEST_CASE_METHOD(undisturbed, "half a BASP message, and silence, disturb nobody", "[net]") {
  std::vector<raw_client> strangers;
  for (int i = 0; i < 50; ++i) {
    strangers.push_back(stranger());
    if (i % 2 == 0)
      strangers.back().send(basp_head(1, 100, 3).substr(0, 20));
  }
  check();
  // Byte by byte.
  for (char c : basp_head(1, 100, 3))
    strangers.back().send(std::string{c});
  check();
  strangers.clear();
  check();
}

TEST_CASE_METHOD(undisturbed, "a forged head that announces 4 GiB costs no memory", "[net]") {
  auto before = peak_memory();
  for (int i = 0; i < 10; ++i) {
    auto x = stranger();
    CHECK(x.send(basp_head(1, 0xFFFFFFFF)).ends());
  }
  CHECK(peak_memory() < before + 256);
  check();
}

TEST_CASE_METHOD(undisturbed, "a handshake without a payload crashes nothing", "[net]") {
  for (char operation : {'\0', '\1'}) {
    auto x = stranger();
    CHECK(x.send(basp_head(operation, 0, 3)).ends());
  }
  check();
}

TEST_CASE("silent strangers give way to a client when there are too many", "[net]") {
  auto config = with_caf_port();
  config.max_connections = 3;
  running_server server{config};
  caf_node first{server->caf_port()};
  auto user = first.new_user();
  auto token = user->acquire("key", 60s)->value().token;
  std::vector<raw_client> strangers;
  for (int i = 0; i < 3 + 64 + 7; ++i)
    strangers.emplace_back(server->caf_port());
  // 66 stay, besides the client.
  for (int i = 0; i < 8; ++i)
    CHECK(strangers[i].ends());
  caf_node second{server->caf_port()};
  CHECK(second.new_user()->acquire("other", 60s)->value().token > token);
  CHECK(user->verify("key")->value());
  CHECK(user->losses() == 0);
}

// Asks the server for something again and again, and reads none of its answers.
class deaf_peer {
public:
  explicit deaf_peer(std::uint16_t port) : peer_(port, true) {
    // "Tell me when your actor 256 ends": it has. With the names of both nodes.
    auto nodes = peer_.node() + peer_.servers_node();
    question_ = basp_head(4, static_cast<std::uint32_t>(nodes.size()), 0, 0, 256) + nodes;
  }

  // Returns whether the server still takes them.
  bool ask(int times) {
    std::string all;
    for (int i = 0; i < 100; ++i)
      all += question_;
    auto taken = true;
    for (int i = 0; i < times && taken; i += 100)
      taken = peer_.send(all);
    return taken;
  }

private:
  basp_peer peer_;
  std::string question_;
};

TEST_CASE_METHOD(undisturbed, "a peer that reads none of its answers is given up", "[net]") {
  auto before = peak_memory();
  deaf_peer peer{server->caf_port()};
  CHECK(!peer.ask(2'000'000));
  CHECK(peak_memory() < before + 512);
  check();
}

TEST_CASE("a peer that reads none of its answers does not keep a server from its end", "[net]") {
  std::optional<running_server> server{with_caf_port()};
  deaf_peer peer{(*server)->caf_port()};
  CHECK(peer.ask(50'000));
  auto begin = clock::now();
  server.reset();
  CHECK(clock::now() - begin < 5s);
}

TEST_CASE("the log says what a stranger to the CAF port did", "[net]") {
  logging_server x;
  std::string did, says;
  SECTION("it left at once, as a node of another CAF does") {
    says = "CAF peer did not introduce itself as a node of this version does: "
           "peer=127.0.0.1:";
  }
  SECTION("it speaks HTTP") {
    did = "GET /LOCK/key/me HTTP/1.1\r\nHost: localhost\r\n\r\n";
    says = "CAF peer does not begin with a handshake of CAF: peer=127.0.0.1:";
  }
  SECTION("it announces too much") {
    did = basp_head(1, 4097);
    says = "CAF peer announced a message of 4097 bytes, 4096 are the most: peer=127.0.0.1:";
  }
  {
    running_server server{with_caf_port(), x.log};
    {
      raw_client stranger{server->caf_port()};
      stranger.send(did);
      if (did.empty())
        stranger.half_close();
      CHECK(stranger.ends());
    }
    caf_node node{server->caf_port()};
    node.new_user()->acquire("key", 60s)->value();
  }
  auto text = x.text.str();
  INFO(text);
  auto found = text.find(says);
  REQUIRE(found != std::string::npos);
  CHECK(contains(text.substr(found), "CAF here=" + lockserver::compat::version()));
  CHECK(text.find("CAF peer", found + 1) == std::string::npos); // nothing of the client
}

TEST_CASE("a client that is sent to an HTTP port says so by its deadline", "[net]") {
  running_server server;
  auto detail = refusal_from(server->port());
  INFO(detail);
  CHECK(contains(detail, "the server could not be reached in time: "));
  CHECK(server.ask("/PING") == "1\n");
}

TEST_CASE("a client of a port where nobody listens says so by its deadline", "[net]") {
  auto port = free_port();
  auto detail = refusal_from(port);
  INFO(detail);
  CHECK(contains(detail,
                 "cannot connect to 127.0.0.1:" + std::to_string(port) + ": Connection refused"));
}

TEST_CASE("a client of a host that answers nothing says so by its deadline, and ends", "[net]") {
  // Whose line of connections that nobody has accepted is full: the system drops
  // what comes then, as a firewall does.
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor full{context};
  full.open(boost::asio::ip::tcp::v4());
  full.bind({boost::asio::ip::address_v4::loopback(), 0});
  full.listen(0);
  auto port = full.local_endpoint().port();
  std::vector<raw_client> in_line;
  in_line.emplace_back(port);
  auto detail = refusal_from(port); // the end of its actor system, too, is in time
  INFO(detail);
  CHECK(contains(detail,
                 "cannot connect to 127.0.0.1:" + std::to_string(port) + ": Connection timed out"));
  // And when nobody waits for the answer, at once, whatever the connect timeout.
  auto begin = clock::now();
  {
    caf_node node{port};
    auto user = node.new_user();
    auto grant = user->acquire("key", 60s);
  }
  CHECK(clock::now() - begin < 3s);
}

TEST_CASE("a client of a port that says nothing says so by its deadline", "[net]") {
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor silent{context, {boost::asio::ip::address_v4::loopback(), 0}};
  auto detail = refusal_from(silent.local_endpoint().port());
  INFO(detail);
  CHECK(contains(detail, "nobody answered as a lock server does"));
}

TEST_CASE("a client of a CAF node that is no lock server says so by its deadline", "[net]") {
  caf_node other{free_port()};
  auto published = other.new_user();
  auto port = caf::io::publish(published->handle(), 0, "127.0.0.1");
  REQUIRE(port);
  auto detail = refusal_from(*port);
  INFO(detail);
  CHECK(contains(detail, "the server could not be reached in time: "));
}
