// The token of a client's identity: what is sent to whom, and what is never sent. Needs no
// lock server.
#include "lockserver/async_rest_client.hpp"
#include "lockserver/held_lock.hpp"
#include "lockserver/lines_client.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/http_script.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/scripted_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

using namespace lockserver;
using namespace std::chrono_literals;
using test::client_of;
using test::eventually;
using test::granted;
using test::hang_up;
using test::json;
using test::ok;
using test::one_try;
using test::released;
using test::scripted_peer;

namespace {

const std::string token = "lsk_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";

client_options with_token(std::string x = token) {
  auto result = one_try();
  result.token = std::move(x);
  return result;
}

void check_token_in_each(const scripted_peer& peer, std::size_t count) {
  auto heads = peer.heads();
  CHECK(heads.size() == count);
  for (auto& head : heads)
    CHECK_THAT(head, Catch::Matchers::Contains("\r\nAuthorization: Bearer " + token + "\r\n"));
}

const test::step rights = json(
  R"({"identity":"ci","roles":["deployer"],"rights":[)"
  R"({"keys":"deploy/","allow":["acquire"]}],"owners":["ci","ci/*"]})");

} // namespace

TEST_CASE("a blocking client sends its token with each request", "[net]") {
  scripted_peer peer{{{rights, granted(30s), hang_up}, {released}}};
  auto client = client_of(peer, with_token());
  CHECK(client.access()->identity == "ci");
  CHECK(client.acquire("key"));
  CHECK(client.release("key", 1));
  check_token_in_each(peer, 4); // one is sent again, on another connection
}

TEST_CASE("an asynchronous client sends its token with each request", "[net]") {
  scripted_peer peer{{{rights, granted(30s)}}};
  boost::asio::io_context io;
  async_rest_client client{io, "me", "localhost", peer.port(), with_token()};
  auto found = client.async_access(boost::asio::use_future);
  io.run();
  CHECK(found.get().owners == std::vector<std::string>{"ci", "ci/*"});
  auto grant = client.async_acquire("key", {}, boost::asio::use_future);
  io.restart();
  io.run();
  CHECK(grant.get().token == 1);
  check_token_in_each(peer, 2);
}

TEST_CASE("a client of lines sends its token with each request", "[net]") {
  scripted_peer peer{{{ok("1"), ok("0")}}};
  lines_client client{"me", "127.0.0.1", peer.port(), with_token()};
  CHECK(client.ping());
  CHECK(!client.is_locked("key"));
  check_token_in_each(peer, 2);
}

TEST_CASE("the renewals of a held lock are sent with the token", "[net]") {
  auto bound = GENERATE(false, true);
  scripted_peer peer{{{granted(300ms), granted(1h), released}, {granted(1h), released}}};
  auto client = client_of(peer, with_token());
  client::acquire_options options;
  options.ttl = 300ms;
  if (bound)
    options.hold = client::lock_hold::connection;
  auto held = hold(client, "key", options);
  REQUIRE(held);
  REQUIRE(eventually([&] { return peer.heads().size() == 2; }));
  check_token_in_each(peer, 2);
}

TEST_CASE("a client without a token sends none", "[net]") {
  scripted_peer peer{{{ok("1")}}};
  CHECK(lines_client{"me", "127.0.0.1", peer.port(), one_try()}.ping());
  CHECK_THAT(peer.heads().at(0), !Catch::Matchers::Contains("Authorization"));
}

TEST_CASE("a token is not sent to another machine without TLS", "[net]") {
  // Addresses for documentation (RFC 5737, RFC 3849), which nobody has.
  std::string host = GENERATE(as<std::string>{}, "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1");
  auto options = with_token();
  options.reconnect_attempts = 1000;
  options.time_between_attempts = 1h;
  auto about = host + " port 8004: ";
  auto sentence = about + "a token may be sent only over TLS, or from the server's own machine";
  rest_client client{"me", host, 8004, options};
  client::acquire_options patient;
  patient.wait = 1h;
  CHECK(client.acquire("key", patient).error() == errc::tls_required);
  CHECK(client.inspect("key").error().detail == sentence);
  CHECK(client.ping().error() == errc::tls_required);
  boost::asio::io_context io;
  async_rest_client async{io, "me", host, 8004, options};
  boost::system::error_code error;
  async.async_acquire("key", patient, [&](auto ec, auto) { error = ec; });
  io.run();
  CHECK(error == errc::tls_required);
  lines_client lines{"me", host, 8004, options};
  auto result = lines.lock("key");
  CHECK(result.error == errc::tls_required);
  CHECK(result.message == sentence);
}

TEST_CASE("a token that cannot be sent is refused when the client is made") {
  for (std::string bad : {"se cret", "secret\n", "secr\xc3\xa9t"}) {
    auto options = with_token(bad);
    boost::asio::io_context io;
    CHECK_THROWS_AS((async_rest_client{io, "me", "127.0.0.1", 1, options}), std::invalid_argument);
    CHECK_THROWS_AS((lines_client{"me", "127.0.0.1", 1, options}), std::invalid_argument);
    CHECK_THROWS_WITH((rest_client{"me", "127.0.0.1", 1, options}),
                      Catch::Matchers::StartsWith("a token must have at most 512 visible")
                        && !Catch::Matchers::Contains("secr"));
  }
}

TEST_CASE("no error contains the token", "[net]") {
  scripted_peer peer{{{test::problem("unauthenticated", "401 Unauthorized"), hang_up}}};
  auto client = client_of(peer, with_token());
  for (int i = 0; i < 3; ++i) {
    auto why = client.force_release("key").error();
    CHECK_THAT(why.detail, !Catch::Matchers::Contains(token));
    CHECK_THAT(why.code.message(), !Catch::Matchers::Contains(token));
  }
  CHECK(peer.heads().size() >= 2);
}
