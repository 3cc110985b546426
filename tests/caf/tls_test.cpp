// CAF's network over TLS, with certificates that are made for the test.
#include "tests/support/access_server.hpp"
#include "tests/support/caf_server.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/certificates.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <optional>
#include <string>

using namespace std::chrono_literals;
using namespace test;
using lockserver::client_actor_options;
using lockserver::errc;
using lockserver::inspect_request;
using lockserver::lease_end_request;
using lockserver::lease_reply;
using lockserver::lock_info;
using lockserver::settings;
using lockserver::tls_files;

namespace {

settings with_caf_tls(const authority& x) {
  auto config = with_caf_port();
  config.caf_tls_certificate = x.path("node.pem");
  config.caf_tls_key = x.path("node.key");
  config.caf_tls_authority = x.path("authority.pem");
  return config;
}

client_actor_options options(std::optional<tls_files> tls) {
  client_actor_options x;
  x.request_timeout = 1s;
  x.connect_timeout = 300ms;
  x.tls = std::move(tls);
  return x;
}

// Why a client with these options gets no lock.
std::string refusal_from(std::uint16_t port, std::optional<tls_files> tls) {
  caf_node node{port, options(std::move(tls))};
  auto user = node.new_user();
  auto grant = user->acquire("refused", 60s);
  CHECK(grant->is(errc::unreachable));
  return grant->detail();
}

} // namespace

TEST_CASE("over TLS only clients with a certificate of the authority are served", "[net]") {
  authority ours{"ours"};
  authority theirs{"theirs"};
  running_server server{with_caf_tls(ours)};
  auto port = server->caf_port();
  caf_node node{port, options(ours.files())};
  auto user = node.new_user();
  auto token = user->acquire("key", 60s)->value().token;
  CHECK(token > 0);

  auto without = refusal_from(port, std::nullopt);
  CHECK(without.find("the server could not be reached in time: ") == 0);
  auto foreign = refusal_from(port, theirs.files());
  CHECK(foreign.find("the server could not be reached in time: ") == 0);
  // Nor does a client trust a server of another authority, or one without TLS.
  auto half = theirs.files();
  half.authority = ours.files().authority;
  CHECK_FALSE(refusal_from(port, half).empty());
  running_server plain{with_caf_port()};
  CHECK_FALSE(refusal_from(plain->caf_port(), ours.files()).empty());
  CHECK_FALSE(server.ask("/LOCKED/refused") == "1\n");

  // The server and its client go on.
  CHECK(user->verify("key")->value());
  CHECK(user->losses() == 0);
  caf_node next{port, options(ours.files())};
  auto other = next.new_user();
  CHECK(other->acquire("other", 60s)->value().token > token);
}

TEST_CASE("strangers to the port with TLS disturb nobody", "[net]") {
  authority ours{"strangers"};
  running_server server{with_caf_tls(ours)};
  caf_node node{server->caf_port(), options(ours.files())};
  auto user = node.new_user();
  user->acquire("key", 60s)->value();
  raw_client silent{server->caf_port()};
  for (std::string bytes : {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00\x01", "x"}) {
    raw_client stranger{server->caf_port()};
    stranger.send(bytes);
    stranger.reset();
  }
  CHECK(user->verify("key")->value());
  CHECK(user->losses() == 0);
  caf_node next{server->caf_port(), options(ours.files())};
  CHECK(next.new_user()->acquire("other", 60s)->value().token > 0);
}

TEST_CASE("a client whose certificate and key do not match is told so when it is spawned",
          "[net]") {
  authority ours{"match"};
  authority theirs{"mismatch"};
  auto files = ours.files();
  files.key = theirs.files().key;
  CHECK_THROWS_WITH((caf_node{1, options(files)}),
                    "the key '" + files.key
                      + "' cannot be used: it is not the key of the certificate "
                        "(key values mismatch)");
}

TEST_CASE("a server that says nothing over TLS keeps neither requests nor the system", "[net]") {
  authority ours{"nothing"};
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor silent{context, {boost::asio::ip::address_v4::loopback(), 0}};
  auto begin = clock::now();
  auto detail = refusal_from(silent.local_endpoint().port(), ours.files());
  CHECK(detail.find("the server could not be reached in time: ") == 0);
  CHECK(clock::now() - begin < 5s);
}

TEST_CASE("a client over TLS finds its server again, and ends in order", "[net]") {
  authority ours{"again"};
  auto config = with_caf_tls(ours);
  config.caf_port = free_port();
  std::optional<running_server> server;
  server.emplace(config);
  auto patient = options(ours.files());
  patient.request_timeout = patience;
  caf_node node{*config.caf_port, patient};
  auto user = node.new_user();
  user->acquire("key", 60s)->value();
  server.reset();
  user->loss_of("key");
  server.emplace(config);
  CHECK(user->acquire("key", 60s)->value().token > 0);
}

TEST_CASE("files for TLS that cannot be used are refused with a sentence", "[net]") {
  CHECK_THROWS_AS((caf_node{1, options(tls_files{"none.pem", "none.key", "none.ca"})}),
                  std::invalid_argument);
  CHECK_THROWS_AS((caf_node{1, options(tls_files{"none.pem", "", ""})}), std::invalid_argument);
  auto wrong = with_caf_port();
  wrong.caf_tls_certificate = "none.pem";
  CHECK_FALSE(lockserver::validate(wrong).empty());

  authority ours{"files"};
  authority theirs{"others"};
  auto problem = [](const settings& x) {
    lockserver::server server{running_server::on_free_port(x)};
    CHECK(server.start());
    return server.start_problem();
  };
  auto config = with_caf_tls(ours);
  config.caf_tls_certificate = "none.pem";
  CHECK(problem(config).find("TLS for CAF programs: the certificate 'none.pem' cannot be used: ")
        == 0);
  config = with_caf_tls(ours);
  config.caf_tls_key = theirs.path("node.key");
  CHECK(problem(config)
        == "TLS for CAF programs: the key '" + config.caf_tls_key
             + "' cannot be used: it is not the key of the certificate "
               "(key values mismatch)");
  config = with_caf_tls(ours);
  config.caf_tls_authority = ours.path("node.key");
  CHECK(problem(config).find("TLS for CAF programs: the authority's certificate '") == 0);
}

TEST_CASE("with an access file all CAF programs are one identity", "[net]") {
  authority ours{"access"};
  access_server server{R"({ "identities": {
      "ops": {"tokens": [)"
                         + hash_of_token("ops") + R"(], "roles": ["all"], "owners": ["*"]} },
    "roles": { "all": [ {"keys": "", "allow": ["acquire"]} ],
               "caf": [ {"keys": "c/", "allow": ["acquire"]} ] },
    "caf": {"roles": ["caf"]} })",
                       with_caf_tls(ours)};
  caf_node node{server->caf_port(), options(ours.files())};
  auto user = node.new_user();
  CHECK(user->acquire("c/1", 60s)->value().token > 0);
  CHECK(user->acquire("other", 60s)->is(errc::forbidden));
  CHECK(user->ask<lock_info>(inspect_request{"other"})->is(errc::forbidden));
  auto seen = server.ask("ops", "GET", "/v1/locks/c%2F1");
  CHECK(seen.body.find(R"("identity":"caf")") != std::string::npos);
  // The owner, as CAF programs see it, is the one that they have named.
  auto holders = user->ask<lock_info>(inspect_request{"c/1"})->value().holders;
  REQUIRE(holders.size() == 1);
  CHECK(holders.front().owner.find('\0') == std::string::npos);
  CHECK(user->verify("c/1")->value());
  CHECK(user->release("c/1")->value());
}

TEST_CASE("a CAF program that may force all keys ends the lease of another identity", "[net]") {
  authority ours{"force"};
  auto may_force = GENERATE(true, false);
  access_server server{R"({ "identities": {
      "a": {"tokens": [)" + hash_of_token("a")
                         + R"(], "roles": ["all"]} },
    "roles": { "all": [ {"keys": "", "allow": ["acquire"]} ],
               "force": [ {"keys": "", "allow": ["force"]} ] },
    "caf": {"roles": [")" + (may_force ? "force" : "all")
                         + R"("]} })",
                       with_caf_tls(ours)};
  auto made = server.ask("a", "POST", "/v1/leases", R"({"ttl_ms":600000})").body;
  auto lease = made.substr(made.find(R"("lease":")") + 9, 32);
  caf_node node{server->caf_port(), options(ours.files())};
  auto user = node.new_user();
  auto ended = user->ask<lease_reply>(lease_end_request{lease});
  if (may_force)
    CHECK(ended->value().status == lease_reply::alive);
  else
    CHECK(ended->is(errc::forbidden));
  CHECK(server.ask("a", "GET", "/v1/leases/" + lease).status == (may_force ? 410 : 200));
}
