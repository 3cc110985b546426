// What certificates say, and who may be trusted, without a socket.
#include "net/tls/https_files.hpp"
#include "net/tls/tls.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/certificates.hpp"

#include <array>
#include <string>
#include <utility>
#include <vector>

using namespace lockserver;
using ::test::authority;

namespace {

// A client and a server that shake hands in memory.
struct handshake {
  handshake(const settings& config, const tls_files& shown)
    : files(config),
      client_context(shown.certificate, shown.key, shown.authority),
      client(client_context, of_client, tls_role::client),
      server(*files.now(), of_server, tls_role::server) {
    for (int i = 0; i < 5; ++i) {
      auto from_server = std::exchange(of_server.out, {});
      of_client.in = from_server;
      step(client);
      auto from_client = std::exchange(of_client.out, {});
      of_server.in = from_client;
      step(server);
    }
  }

  static void step(tls_session& x) {
    std::array<char, 4096> buffer;
    std::size_t size = 0;
    x.read(buffer.data(), buffer.size(), size);
  }

  https_context files;
  tls_context client_context;
  tls_buffers of_client;
  tls_buffers of_server;
  tls_session client;
  tls_session server;
};

settings asking(const authority& x) {
  auto result = ::test::with_tls(x);
  result.tls_clients = client_certificates::accept;
  result.tls_clients_authority = x.path("authority.pem");
  return result;
}

} // namespace

TEST_CASE("a certificate gives its names and its subject") {
  authority ours{"ours"};
  ours.issue("ops", "/O=Example/CN=ops, the team",
             "URI:spiffe://example/ops,DNS:ops.example,email:ops@example,IP:10.0.0.7");
  handshake x{asking(ours), ours.files("ops")};
  REQUIRE(x.server.established());
  auto names = x.server.peer();
  CHECK(names.alternatives
        == std::vector<std::string>{"URI:spiffe://example/ops", "DNS:ops.example",
                                    "EMAIL:ops@example"});
  CHECK(names.subject == "DN:CN=ops\\, the team,O=Example");
  // It has no names of its own.
  CHECK(x.client.peer().subject == "DN:CN=node");
}

TEST_CASE("a certificate is trusted as long as its authority is") {
  authority ours{"ours"};
  authority theirs{"theirs"};
  handshake x{asking(ours), ours.files()};
  REQUIRE(x.server.established());
  auto config = asking(ours);
  CHECK(x.server.is_trusted_by(*https_context{config}.now()));
  config.tls_clients_authority = theirs.path("authority.pem");
  CHECK_FALSE(x.server.is_trusted_by(*https_context{config}.now()));
}

TEST_CASE("a certificate that its authority has revoked is not trusted") {
  authority ours{"ours"};
  ours.issue("lost");
  ours.revoke("lost");
  auto config = asking(ours);
  config.tls_clients_authority = ours.path("with-revoked.pem");
  handshake good{config, ours.files()};
  CHECK(good.server.established());
  CHECK(good.server.failure().empty());
  handshake lost{config, ours.files("lost")};
  CHECK(lost.server.failure() == "certificate revoked");
}
