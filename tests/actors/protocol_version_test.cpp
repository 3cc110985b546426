// Clients and servers of different releases: they agree on a protocol in their hello, so
// that servers and clients can be upgraded one after the other.
#include "tests/support/catch.hpp"
#include "tests/support/client_world.hpp"

using namespace lockserver;
using namespace std::chrono_literals;
using test::client_world;

namespace {

// What the server says to a client whose newest protocol this is.
auto hello(client_world& x, std::uint32_t protocol) {
  auto result = x.ask->ask_any<session_welcome>(x.gateway, session_hello{protocol, "peer"});
  x.world.run();
  return result;
}

} // namespace

TEST_CASE("a client of the same release is welcome with its protocol") {
  client_world x;
  auto welcome = hello(x, session_hello::newest_protocol);
  REQUIRE(welcome->value);
  CHECK(welcome->value->protocol == session_hello::newest_protocol);
}

TEST_CASE("a client of a newer release is welcome, with the server's newest protocol") {
  client_world x;
  auto welcome = hello(x, session_hello::newest_protocol + 1);
  REQUIRE(welcome->value);
  CHECK(welcome->value->protocol == session_hello::newest_protocol);
}

TEST_CASE("a client that is older than the server's oldest protocol is told so") {
  client_world x;
  auto refused = hello(x, session_hello::oldest_protocol - 1);
  REQUIRE(refused->failed);
  CHECK(refused->why == errc::bad_request);
  CHECK(detail_of(refused->why)
        == "the client speaks protocol 2 at most, and the server serves those from 3: use a newer "
           "release of the client");
}

TEST_CASE("a client that is newer than its server asks for locks in the server's protocol") {
  client_world x;
  x.net.newest_protocol = session_hello::oldest_protocol;
  auto user = x.new_user(x.new_client());
  auto got = user->acquire(acquire_lock{"k"});
  x.world.run();
  REQUIRE(got->value);
  CHECK(got->value->token > 0);
}

TEST_CASE("a client whose server is older than its oldest protocol says so") {
  client_world x;
  x.net.newest_protocol = session_hello::oldest_protocol - 1;
  auto user = x.new_user(x.new_client());
  auto got = user->acquire(acquire_lock{"k"});
  x.world.advance(20s);
  REQUIRE(got->why);
  CHECK(*got->why == errc::unreachable);
  CHECK(detail_of(*got->why).find("the server speaks protocol 2 at most, and this client those "
                                  "from 3: use a newer release of the server")
        != std::string::npos);
}
