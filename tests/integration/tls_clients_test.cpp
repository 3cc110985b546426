// The clients over TLS: whom they trust, what they show, and what they say of a server that
// is not for them.
#include "lockserver/async_rest_client.hpp"
#include "lockserver/held_lock.hpp"
#include "lockserver/lines_client.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/countdown.hpp"
#include "tests/support/running_server.hpp"
#include "tests/support/scripted_client.hpp"
#include "tests/support/tcp_proxy.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <string>

using namespace lockserver;
using namespace std::chrono_literals;

namespace {

using lockserver::test::countdown;
using ::test::authority;
using ::test::eventually;
using ::test::one_try;
using ::test::running_server;
using ::test::with_tls;

client_options trusting(const authority& x) {
  auto result = one_try();
  result.tls.emplace();
  result.tls->authority = x.path("authority.pem");
  return result;
}

client_options showing(const authority& x, const std::string& name = "node") {
  auto result = trusting(x);
  result.tls->certificate = x.path(name + ".pem");
  result.tls->key = x.path(name + ".key");
  return result;
}

rest_client client_at(std::uint16_t port, const client_options& options,
                      const std::string& host = "localhost") {
  return rest_client{"me", host, port, options};
}

// Why a call is not even tried at this server. It is not tried again, either.
std::string refusal(std::uint16_t port, const client_options& options,
                    const std::string& host = "localhost") {
  auto patient = options;
  patient.reconnect_attempts = 1000;
  auto begun = ::test::clock::now();
  auto answer = client_at(port, patient, host).acquire("key", {.ttl = 60s, .wait = 600s});
  CHECK(!answer);
  CHECK(answer.error() == errc::unreachable);
  CHECK(::test::clock::now() - begun < ::test::patience);
  auto about = host + " port " + std::to_string(port) + ": ";
  auto detail = answer.error().detail;
  REQUIRE(detail.find(about) == 0);
  return detail.substr(about.size());
}

} // namespace

TEST_CASE("all clients take and give locks over TLS", "[net][tls]") {
  authority ours{"ours"};
  running_server server{with_tls(ours)};
  auto options = trusting(ours);
  auto host = GENERATE(as<std::string>{}, "localhost", "127.0.0.1");
  auto client = client_at(server.port(), options, host);
  auto grant = client.acquire("key", {.ttl = 60s});
  REQUIRE(grant);
  CHECK(client.ping());
  CHECK(client.inspect("key")->holders.size() == 1);
  lines_client lines{"me", host, server.port(), options};
  CHECK(lines.locked_by_me("key"));
  CHECK(lines.ping());
  boost::asio::io_context io;
  async_rest_client async{io, "me", host, server.port(), options};
  auto renewed = async.async_renew("key", grant->token, 60s, boost::asio::use_future);
  io.run();
  CHECK(renewed.get().token == grant->token);
  CHECK(client.release("key", grant->token));
  CHECK(server.gets_holders(0));
}

TEST_CASE("a client takes no server that is not the one it has named", "[net][tls]") {
  authority ours{"ours"};
  authority theirs{"theirs"};
  ours.issue("other", "/CN=localhost", "DNS:locks.example");
  running_server server{with_tls(ours)};
  auto port = server.port();
  CHECK(refusal(port, trusting(theirs)).find("certificate verify failed: ") == 0);
  auto system = one_try();
  system.tls.emplace();
  CHECK(refusal(port, system).find("certificate verify failed: ") == 0);
  auto wrong_name = trusting(ours);
  wrong_name.tls->server_name = "locks.example";
  CHECK(refusal(port, wrong_name) == "certificate verify failed: hostname mismatch");
  auto wrong_address = trusting(ours);
  wrong_address.tls->server_name = "127.0.0.2";
  CHECK(refusal(port, wrong_address) == "certificate verify failed: IP address mismatch");
  // A common name is no name.
  auto config = with_tls(ours);
  config.tls_certificate = ours.path("other.pem");
  config.tls_key = ours.path("other.key");
  running_server other{config};
  CHECK(refusal(other.port(), trusting(ours)) == "certificate verify failed: hostname mismatch");
  // Through a tunnel, for instance.
  CHECK(client_at(other.port(), wrong_name).ping());
  CHECK_FALSE(client_at(port, one_try()).ping());
}

TEST_CASE("a client of TLS says that a server has none", "[net][tls]") {
  authority ours{"ours"};
  auto config = with_tls(ours);
  config.plain_port = 0;
  running_server server{config};
  CHECK_FALSE(refusal(server->plain_port(), trusting(ours)).empty());
  auto without = client_at(server.port(), one_try()).acquire("key", {.ttl = 60s});
  REQUIRE(!without);
  CHECK(without.error() == errc::bad_answer);
  CHECK(client_at(server->plain_port(), one_try()).ping());
}

TEST_CASE("a client is told why the server does not take its certificate", "[net][tls]") {
  authority ours{"ours"};
  authority clients{"clients"};
  clients.issue("expired", "/CN=old", "DNS:old", -1);
  auto config = with_tls(ours);
  config.tls_clients = client_certificates::require;
  config.tls_clients_authority = clients.path("authority.pem");
  running_server server{config};
  auto as = [&](const std::string& name) {
    auto result = showing(clients, name);
    result.tls->authority = ours.path("authority.pem");
    return result;
  };
  CHECK(client_at(server.port(), as("node")).ping());
  CHECK(refusal(server.port(), trusting(ours)).find("certificate required") != std::string::npos);
  CHECK(refusal(server.port(), as("expired")).find("certificate expired") != std::string::npos);
  CHECK(refusal(server.port(), showing(ours)).find("unknown ca") != std::string::npos);
  lines_client lines{"me", "localhost", server.port(), trusting(ours)};
  auto none = lines.lock("key");
  CHECK(none.error == errc::unreachable);
  CHECK(none.message.find("certificate required") != std::string::npos);
}

TEST_CASE("files of TLS that a client cannot use are refused when it is made", "[net][tls]") {
  authority ours{"ours"};
  auto options = trusting(ours);
  options.tls->authority = "none.pem";
  CHECK_THROWS_WITH(client_at(1, options),
                    Catch::Matchers::StartsWith("the authority's certificate 'none.pem' cannot be "
                                                "used: "));
  options = trusting(ours);
  options.tls->certificate = ours.path("node.pem");
  CHECK_THROWS_AS(client_at(1, options), std::invalid_argument);
  options.tls->key = ours.path("authority.key");
  CHECK_THROWS_WITH(client_at(1, options), Catch::Matchers::Contains("key values mismatch"));
}

TEST_CASE("a lock that is bound to a connection with TLS is kept and lost with it", "[net][tls]") {
  authority ours{"ours"};
  auto config = with_tls(ours);
  config.lock_timeout = 60s;
  running_server server{config};
  ::test::tcp_proxy network{server.port()};
  auto client = client_at(network.port(), trusting(ours));
  countdown lost{1};
  client::acquire_options bound;
  bound.ttl = 6s;
  bound.wait = 0ms;
  bound.hold = client::lock_hold::connection;
  auto held = hold(client, "key", bound, [&](const client::problem& why) {
    CHECK(why.code == errc::connection_lost);
    lost.hit();
  });
  REQUIRE(held);
  // It is renewed on its connection.
  CHECK(eventually([&] {
    auto holder = client.inspect("key")->holders.at(0);
    return holder.held + *holder.ttl > 7s;
  }));
  CHECK(held->held());
  SECTION("which is released") {
    CHECK(held->release());
  }
  SECTION("which breaks") {
    network.cut();
    CHECK(lost.wait());
    CHECK(!held->held());
  }
  SECTION("which the server ends") {
    server->stop();
    CHECK(lost.wait());
    CHECK(!held->held());
  }
  CHECK(server.gets_holders(0));
}
