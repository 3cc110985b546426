// HTTP over TLS: who is served, who is not and what it is told, and that no byte of TLS is
// taken for one of HTTP.
#include "tests/support/catch.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/running_server.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/tls_socket.hpp"

#include <openssl/ssl.h>

#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

using namespace lockserver;
using namespace std::chrono_literals;
using namespace ::test;

namespace {

// No lock ends by itself while a test runs.
settings slow() {
  return {.lock_timeout = 600s, .lock_attempt_timeout = 600s};
}

struct tls_server {
  explicit tls_server(settings config = slow()) : server(with_tls(ours, std::move(config))) {
  }

  tls_client client() const {
    tls_client result;
    result.authority = ours.path("authority.pem");
    return result;
  }
  tls_client client(const authority& from, const std::string& name) const {
    auto result = client();
    result.certificate = from.path(name + ".pem");
    result.key = from.path(name + ".key");
    return result;
  }
  raw_client connect() const {
    return raw_client{port(), client()};
  }
  std::string ask(const std::string& target, const tls_client& how) const {
    return raw_client{port(), how}.send(get(target)).answer().body;
  }
  std::string ask(const std::string& target) const {
    return ask(target, client());
  }
  std::uint16_t port() const {
    return server.port();
  }

  const authority ours{"ours"};
  running_server server;
};

// What a client is told that is not served. With TLS 1.3 it may believe for a moment that
// the handshake has succeeded.
std::string refusal(const tls_server& server, const tls_client& how) {
  raw_client client{server.port(), how};
  try {
    if (client.tls().failure().empty())
      client.send(get("/PING")).answer();
  } catch (const std::exception&) {
    if (client.tls().failure().empty())
      return "closed";
  }
  return client.tls().failure();
}

} // namespace

TEST_CASE("requests of every dialect are served over TLS", "[net][tls]") {
  tls_server server;
  auto version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  auto how = server.client();
  how.version = version;
  raw_client client{server.port(), how};
  CHECK(client.tls().protocol() == (version == TLS1_2_VERSION ? "TLSv1.2 " : "TLSv1.3 "));
  CHECK(is_expiry(client.send(get("/LOCK/key/me")).answer().body));
  CHECK(client.send(get("/VERIFY/key/me")).answer().body == "1\n");
  CHECK(client.send(get("/v1/locks/key")).answer().status == 200);
  // Of HTTP/0.9 the end of the answer is that of the connection.
  CHECK(raw_client(server.port(), how).send("GET /CHECK/key\n\n").rest() == "1\n");
  // Many requests at once, and an answer longer than a record.
  CHECK(client.send(repeat(get("/PING"), 1000)).answer().body == "1\n");
  for (int i = 1; i < 1000; ++i)
    REQUIRE(client.answer().body == "1\n");
  CHECK(client.send(get("/openapi.yaml")).answer().body.size() > 32 * 1024);
}

TEST_CASE("a protocol that the server does not speak is refused by TLS", "[net][tls]") {
  tls_server server;
  auto how = server.client();
  how.alpn = "\x02h2\x08http/1.1";
  CHECK(raw_client(server.port(), how).tls().protocol() == "TLSv1.3 http/1.1");
  how.alpn = "\x02h2";
  CHECK(refusal(server, how) == "tlsv1 alert no application protocol");
  how.alpn = "";
  how.version = TLS1_1_VERSION;
  CHECK(refusal(server, how) == "tlsv1 alert protocol version");
  how.version = TLS1_2_VERSION;
  how.ciphers = "ECDHE-ECDSA-AES256-SHA";
  CHECK(refusal(server, how) == "sslv3 alert handshake failure");
  how.ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305";
  CHECK(server.ask("/PING", how) == "1\n");
}

TEST_CASE("TLS 1.2 can be ruled out", "[net][tls]") {
  auto config = slow();
  config.tls_min_version = tls_version::v1_3;
  tls_server server{config};
  auto how = server.client();
  how.version = TLS1_2_VERSION;
  CHECK(refusal(server, how) == "tlsv1 alert protocol version");
  CHECK(server.ask("/PING") == "1\n");
}

TEST_CASE("plain HTTP on a port with TLS is told so", "[net][tls]") {
  tls_server server;
  auto request = GENERATE(as<std::string>{}, get("/LOCK/key/me"), "GET /LOCK/key/me\n\n",
                          "POST /v1/locks/key HTTP/1.1\r\n\r\n", "hello");
  auto client = raw_client::plain(server.port());
  auto answer = client.send(request).answer();
  CHECK(answer.status == 400);
  CHECK(answer.body == "this port speaks TLS\n");
  CHECK(answer["connection"] == "close");
  CHECK(client.closes());
  CHECK(server.ask("/CHECK/key") == "0\n");
}

TEST_CASE("TLS on a plain port is closed after an alert", "[net][tls]") {
  auto config = slow();
  config.plain_port = 0;
  tls_server server{config};
  auto port = server.server->plain_port();
  REQUIRE(port != 0);
  raw_client client{port, server.client()};
  CHECK(client.tls().failure() == "sslv3 alert handshake failure");
  CHECK(client.closes());
  // Both ports serve the same locks.
  auto plain = raw_client::plain(port);
  CHECK(is_expiry(plain.send(get("/LOCK/key/me")).answer().body));
  CHECK(server.ask("/VERIFY/key/me") == "1\n");
}

TEST_CASE("garbage on a port with TLS is closed after an alert", "[net][tls]") {
  tls_server server;
  auto seed = lockserver::test::random_seed();
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  for (int i = 0; i < 200; ++i) {
    // As a handshake, and as anything.
    std::string bytes = i % 2 == 0 ? std::string{"\x16\x03\x01", 3} : std::string{};
    auto size = 1 + random() % 2000;
    while (bytes.size() < size)
      bytes += static_cast<char>(random());
    auto client = raw_client::plain(server.port());
    client.send(bytes);
    client.half_close();
    CHECK(client.ends());
  }
  CHECK(server.ask("/PING") == "1\n");
  CHECK(server.server.gets_connections(0));
}

TEST_CASE("a hello may come byte by byte", "[net][tls]") {
  tls_server server;
  // What openssl's client sends first, taken from a connection to a port that is silent.
  auto hello = [] {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    tls_socket client{ends[0], {}};
    client.shake_hands();
    std::string result(4096, '\0');
    result.resize(static_cast<std::size_t>(read(ends[1], result.data(), result.size())));
    close(ends[0]);
    close(ends[1]);
    return result;
  }();
  auto client = raw_client::plain(server.port());
  for (auto byte : hello) {
    REQUIRE(client.silent());
    client.send({&byte, 1});
  }
  // The server's hello is a record of a handshake, too.
  REQUIRE(eventually([&] { return !client.silent(); }));
}

TEST_CASE("a thousand silent handshakes do not keep a client from its lock", "[net][tls]") {
  tls_server server;
  auto working = server.connect();
  std::vector<raw_client> silent;
  for (int i = 0; i < 1000; ++i) {
    silent.push_back(raw_client::plain(server.port()));
    if (i % 2 == 0)
      silent.back().send("\x16\x03\x01");
    if (i % 100 == 0)
      REQUIRE(working.send(get("/PING")).answer().body == "1\n");
  }
  CHECK(is_expiry(working.send(get("/LOCK/key/me")).answer().body));
  CHECK(server.ask("/VERIFY/key/me") == "1\n");
  // The oldest have given way.
  CHECK(silent.front().closes());
  CHECK(server.server->count().connections <= 256 + 2);
}

TEST_CASE("a handshake has as long as a request", "[net][tls]") {
  auto config = slow();
  config.header_timeout = 100ms;
  tls_server server{config};
  auto nothing = raw_client::plain(server.port());
  auto some = raw_client::plain(server.port());
  some.send("\x16\x03\x01\x02");
  auto opened = server.connect();
  CHECK(nothing.closes());
  CHECK(some.closes());
  CHECK(opened.ends());
}

TEST_CASE("a connection that is cut without an end of TLS is like one that is closed",
          "[net][tls]") {
  tls_server server;
  auto holder = server.connect();
  REQUIRE(is_expiry(holder.send(get("/LOCK/key/holder")).answer().body));
  auto how = GENERATE(as<std::string>{}, "closes", "is cut", "is reset");
  auto waiter = server.connect();
  waiter.send(get("/LOCK/key/waiter"));
  REQUIRE(server.server.gets_waiters(1));
  if (how == "closes")
    waiter.close();
  else if (how == "is cut")
    waiter.cut();
  else
    waiter.reset();
  CHECK(server.server.gets_waiters(0));
  CHECK(holder.send(get("/VERIFY/key/holder")).answer().body == "1\n");
}

TEST_CASE("a client may ask for new keys of TLS", "[net][tls]") {
  tls_server server;
  auto client = server.connect();
  REQUIRE(client.send(get("/PING")).answer().body == "1\n");
  for (int i = 0; i < 5; ++i) {
    client.tls().update_keys();
    REQUIRE(client.send(get("/PING")).answer().body == "1\n");
  }
  // They count for no request.
  for (int i = 0; i < 1000; ++i)
    client.tls().update_keys();
  CHECK(client.send(get("/PING")).answer().body == "1\n");
}

TEST_CASE("clients with a certificate of the authority are served, others not", "[net][tls]") {
  auto who = GENERATE(client_certificates::accept, client_certificates::require);
  auto requires_one = who == client_certificates::require;
  authority clients{"clients"};
  authority strangers{"strangers"};
  clients.issue("ops", "/O=Example/CN=ops", "URI:spiffe://example/ops");
  clients.issue("expired", "/CN=old", "DNS:old", -1);
  clients.openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
                  " -subj /CN=self -keyout self.key -out self.pem");
  auto config = slow();
  config.tls_clients = who;
  config.tls_clients_authority = clients.path("authority.pem");
  tls_server server{config};
  auto version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  auto as = [&](const authority& from, const std::string& name) {
    auto result = server.client(from, name);
    result.version = version;
    return result;
  };
  CHECK(server.ask("/PING", as(clients, "ops")) == "1\n");
  CHECK(refusal(server, as(clients, "expired")) == "sslv3 alert certificate expired");
  CHECK(refusal(server, as(clients, "self")) == "tlsv1 alert unknown ca");
  CHECK(refusal(server, as(strangers, "node")) == "tlsv1 alert unknown ca");
  auto none = server.client();
  none.version = version;
  if (!requires_one)
    CHECK(server.ask("/PING", none) == "1\n");
  else
    CHECK(refusal(server, none)
          == (version == TLS1_2_VERSION ? "sslv3 alert handshake failure"
                                        : "tlsv13 alert certificate required"));
  CHECK(server.server.gets_connections(0));
}

TEST_CASE("records that were changed on their way end the connection, and nothing else",
          "[net][tls]") {
  tls_server server;
  auto other = server.connect();
  REQUIRE(is_expiry(other.send(get("/LOCK/other/me")).answer().body));
  auto seed = lockserver::test::random_seed();
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  for (int i = 0; i < 100; ++i) {
    auto client = server.connect();
    REQUIRE(client.send(get("/PING")).answer().body == "1\n");
    // A record of data that has no right key.
    std::string record{"\x17\x03\x03", 3};
    auto size = random() % 1000;
    record += static_cast<char>(size >> 8);
    record += static_cast<char>(size & 0xff);
    while (record.size() < size + 5)
      record += static_cast<char>(random());
    client.send_raw(record);
    CHECK(client.ends());
  }
  CHECK(other.send(get("/VERIFY/other/me")).answer().body == "1\n");
  CHECK(server.server.gets_connections(1));
}
