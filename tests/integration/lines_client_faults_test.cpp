// The client with peers that misbehave, with none at all, and with input that
// it must not send. Needs no lock server.
#include "lockserver/lines_client.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/scripted_client.hpp"

#include <chrono>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <vector>

using namespace lockserver;
using namespace std::chrono_literals;

namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using clock = std::chrono::steady_clock;
using test::eventually;
using test::hang_up;
using test::ok;
using test::one_try;
using test::say_nothing;
using test::scripted_peer;
using test::status;
using test::step;

// A port on which nothing listens and that nobody else is given meanwhile.
struct deaf_port {
  asio::io_context context;
  tcp::acceptor acceptor{context};

  deaf_port() {
    acceptor.open(tcp::v4());
    acceptor.bind({asio::ip::address_v4::loopback(), 0});
  }

  std::uint16_t port() const {
    return acceptor.local_endpoint().port();
  }
};

lines_client lines_of(const scripted_peer& peer, const client_options& options = one_try()) {
  return lines_client{"me", "127.0.0.1", peer.port(), options};
}

} // namespace

// -- input that is refused before anything is sent ------------------------------

TEST_CASE("a client needs a name that can be one") {
  CHECK_THROWS_AS(lines_client{""}, std::invalid_argument);
  CHECK_THROWS_WITH(lines_client{""}, Catch::Matchers::StartsWith("Must supply a locker name"));
  CHECK_THROWS_AS(lines_client{std::string(513, 'n')}, std::invalid_argument);
  CHECK_THROWS_AS(lines_client{"a\nb"}, std::invalid_argument);
  CHECK_THROWS_AS(lines_client{"\xFF"}, std::invalid_argument);
  CHECK_NOTHROW(lines_client{std::string(512, 'n')});
}

TEST_CASE("a client needs a host that cannot break into a header") {
  CHECK_THROWS_AS((lines_client{"me", ""}), std::invalid_argument);
  CHECK_THROWS_AS((lines_client{"me", "host\r\nX: y"}), std::invalid_argument);
}

TEST_CASE("a key that no server takes is refused and not sent") {
  scripted_peer peer{{}};
  auto client = lines_of(peer);
  for (std::string key :
       {std::string{}, std::string(513, 'k'), std::string{"a\nb"}, std::string{"\xC3"}}) {
    std::error_code ec;
    CHECK(!client.is_locked(key, ec));
    CHECK(ec == std::errc::invalid_argument);
    CHECK(!client.locked_by_me(key, ec));
    CHECK(ec == std::errc::invalid_argument);
    CHECK(!client.unlock(key, ec));
    CHECK(ec == std::errc::invalid_argument);
    CHECK_THROWS_AS(client.is_locked(key), std::system_error);
    auto result = client.lock(key);
    CHECK(result.status == lock_status::error);
    CHECK(result.error == std::errc::invalid_argument);
    CHECK_THAT(result.message, Catch::Matchers::StartsWith("key "));
  }
  CHECK(peer.connections() == 0);
}

// -- with a peer that misbehaves -------------------------------------------------

TEST_CASE("the requests are what the protocol says", "[net]") {
  scripted_peer peer{{{ok("0"), ok("0"), ok("1479000000.123456"), ok("0"), ok("1"), ok("0")}}};
  auto client = lines_of(peer);
  client.is_locked("a/b c");
  client.locked_by_me("key");
  auto result = client.lock("key", {.lock_timeout = 1500ms, .lock_attempt_timeout = 42us});
  client.lock("key");
  client.ping();
  client.shutdown();
  CHECK(peer.requests()
        == std::vector<std::string>{
          "GET /CHECK/a%2Fb%20c", "GET /VERIFY/key/me",
          "GET /LOCK/key/me?lock_timeout=1.500000&lock_attempt_timeout=0.000042",
          "GET /LOCK/key/me", "GET /PING", "GET /SHUTDOWN"});
  CHECK(result.expires_at == std::chrono::system_clock::time_point{1479000000s + 123456us});
}

TEST_CASE("an expiry time may have any number of decimals up to six", "[net]") {
  scripted_peer peer{{{ok("1479000000"), ok("1479000000.5"), ok("1479000000.000001")}}};
  auto client = lines_of(peer);
  std::chrono::system_clock::time_point second{1479000000s};
  CHECK(client.lock("key").expires_at == second);
  CHECK(client.lock("key").expires_at == second + 500ms);
  CHECK(client.lock("key").expires_at == second + 1us);
}

TEST_CASE("an answer that makes no sense is an error and never a lock", "[net]") {
  for (std::string line : {"", "yes", "-1", "1479000000.", "1479000000.1234567", "1479000000.-1",
                           "1e9", "99999999999", "99999999999999999999", " 1479000000"}) {
    INFO(line);
    scripted_peer peer{{{ok(line), ok(line)}}};
    auto client = lines_of(peer);
    auto result = client.lock("key");
    CHECK(result.status == lock_status::error);
    CHECK(result.error == errc::bad_answer);
    CHECK(!result.message.empty());
    std::error_code ec;
    CHECK(!client.is_locked("key", ec));
    CHECK(ec == errc::bad_answer);
  }
}

TEST_CASE("what is no HTTP answer is an error", "[net]") {
  scripted_peer peer{{{{step::answer, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n\r\n"}},
                      {{step::answer, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"}}}};
  auto client = lines_of(peer);
  CHECK(client.lock("key").error == errc::bad_answer);
  CHECK(client.lock("key").error == errc::bad_answer);
}

TEST_CASE("a status other than 200 tells what is wrong", "[net]") {
  scripted_peer peer{
    {{status("400 Bad Request", "Lockserver-Error: lock_timeout is odd\r\n"),
      status("400 Bad Request"), status("503 Service Unavailable"), status("429 Too Many Requests"),
      status("404 Not Found"), status("401 Unauthorized"),
      status("403 Forbidden", "Lockserver-Error: you may not\r\n")}}};
  auto client = lines_of(peer);
  auto result = client.lock("key");
  CHECK(result.error == errc::bad_request);
  CHECK(result.message == "lock_timeout is odd");
  result = client.lock("key");
  CHECK(result.error == errc::bad_request);
  CHECK(result.message == "the request is wrong");
  CHECK(client.lock("key").error == errc::unavailable);
  CHECK(client.lock("key").error == errc::too_many);
  result = client.lock("key");
  CHECK(result.error == errc::bad_answer);
  CHECK_THAT(result.message, Catch::Matchers::Contains("404"));
  result = client.lock("key");
  CHECK(result.error == errc::unauthenticated);
  CHECK(result.message == result.error.message());
  result = client.lock("key");
  CHECK(result.error == errc::forbidden);
  CHECK(result.message == "you may not");
  CHECK(peer.connections() == 1); // all of them left the connection usable
}

TEST_CASE("an answer that does not come ends in a timeout", "[net]") {
  scripted_peer peer{{{say_nothing}, {say_nothing}, {ok("0")}}};
  auto options = one_try();
  options.answer_timeout = 500ms;
  auto client = lines_of(peer, options);
  auto start = clock::now();
  auto result = client.lock("key", {.lock_attempt_timeout = 100ms});
  CHECK(clock::now() - start >= 600ms); // the wait and the time for the answer
  CHECK(result.status == lock_status::error);
  CHECK(result.error == errc::timeout);
  CHECK(result.error == std::errc::timed_out);
  std::error_code ec;
  CHECK(!client.is_locked("key", ec));
  CHECK(ec == errc::timeout);
  CHECK(!client.is_locked("key", ec));
  CHECK(!ec);
  CHECK(peer.connections() == 3); // a late answer cannot be taken for the next
}

TEST_CASE("half an answer is none", "[net]") {
  scripted_peer peer{{{{step::answer, "HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n1479000000."}},
                      {{step::answer, "HTTP/1.1 200"}}}};
  auto client = lines_of(peer);
  CHECK(client.lock("key").error == errc::connection_lost);
  std::error_code ec;
  CHECK(!client.is_locked("key", ec));
  CHECK(ec == errc::connection_lost);
}

TEST_CASE("a kept connection that was closed is replaced before anything is sent", "[net]") {
  scripted_peer peer{{{ok("1")}, {ok("1479000000.123456")}}};
  auto client = lines_of(peer);
  CHECK(client.is_locked("key"));
  REQUIRE(eventually([&] { return peer.closed() == 1; }));
  CHECK(client.lock("key"));
  CHECK(peer.connections() == 2);
}

TEST_CASE("a kept connection with bytes that nobody asked for is not used", "[net]") {
  // What looks like the answer to the next request comes with the first.
  auto twice = ok("1");
  twice.bytes += ok("1479000000.123456").bytes;
  scripted_peer peer{{{twice, say_nothing}, {ok("0")}}};
  auto client = lines_of(peer);
  CHECK(client.is_locked("key"));
  CHECK(client.lock("key").status == lock_status::not_obtained);
  CHECK(peer.connections() == 2);
}

TEST_CASE("an answer that closes the connection is followed by a new one", "[net]") {
  scripted_peer peer{{{status("200 OK", "Connection: close\r\n"), say_nothing}, {ok("1")}}};
  auto client = lines_of(peer);
  CHECK(!client.is_locked("key"));
  CHECK(client.is_locked("key"));
  CHECK(peer.connections() == 2);
}

TEST_CASE("a question is asked again when the kept connection dies under it", "[net]") {
  scripted_peer peer{{{ok("1"), hang_up}, {ok("1"), hang_up}, {ok("1"), hang_up}, {ok("1")}}};
  auto client = lines_of(peer);
  CHECK(client.is_locked("key"));
  CHECK(client.is_locked("key"));
  CHECK(client.locked_by_me("key"));
  CHECK(client.ping());
  CHECK(peer.connections() == 4);
}

TEST_CASE("a question is asked again once and not on a new connection", "[net]") {
  scripted_peer peer{{{ok("1"), hang_up}, {hang_up}, {ok("1")}}};
  auto client = lines_of(peer);
  CHECK(client.is_locked("key"));
  std::error_code ec;
  CHECK(!client.is_locked("key", ec));
  CHECK(ec == errc::connection_lost);
  CHECK(peer.connections() == 2);
}

TEST_CASE("what changes a lock is never asked twice", "[net]") {
  scripted_peer peer{{{ok("1"), hang_up}, {ok("1"), hang_up}, {ok("1"), hang_up}}};
  auto client = lines_of(peer);
  REQUIRE(client.ping());
  std::error_code ec;
  CHECK(!client.unlock("key", ec));
  CHECK(ec == errc::connection_lost);
  REQUIRE(client.ping());
  CHECK(client.lock("key").error == errc::connection_lost);
  REQUIRE(client.ping());
  CHECK(!client.shutdown());
  CHECK(peer.requests()
        == std::vector<std::string>{"GET /PING", "GET /UNLOCK/key/me", "GET /PING",
                                    "GET /LOCK/key/me", "GET /PING", "GET /SHUTDOWN"});
}

TEST_CASE("a ping gives up after its time whatever the peer does", "[net]") {
  scripted_peer peer{{{ok("1"), say_nothing}, {say_nothing}}};
  client_options options;
  options.ping_timeout = 500ms;
  options.answer_timeout = 1h;
  options.connect_timeout = 1h;
  options.reconnect_attempts = 1000;
  options.time_between_attempts = 1h;
  auto client = lines_of(peer, options);
  CHECK(client.ping());
  auto start = clock::now();
  CHECK(!client.ping());
  CHECK(!client.ping());
  CHECK(clock::now() - start < 10s);
  deaf_port deaf;
  CHECK(!lines_client{"me", "127.0.0.1", deaf.port(), options}.ping());
  CHECK(clock::now() - start < 10s);
}

TEST_CASE("a server that cannot be reached is tried as often as the options say", "[net]") {
  deaf_port deaf;
  client_options options;
  options.reconnect_attempts = 3;
  options.time_between_attempts = 20ms;
  lines_client client{"me", "127.0.0.1", deaf.port(), options};
  auto start = clock::now();
  auto result = client.lock("key");
  CHECK(clock::now() - start >= 20ms + 40ms);
  CHECK(result.status == lock_status::error);
  CHECK(result.error == std::errc::connection_refused);
  CHECK_THAT(result.message, Catch::Matchers::Contains("127.0.0.1")
                               && Catch::Matchers::Contains(std::to_string(deaf.port())));
  CHECK_THROWS_AS(client.is_locked("key"), std::system_error);
  CHECK_THROWS_AS(client.unlock("key"), std::system_error);
  CHECK(!client.shutdown());
}

TEST_CASE("after the last try there is no pause", "[net]") {
  deaf_port deaf;
  client_options options;
  options.time_between_attempts = 1h;
  options.reconnect_attempts = GENERATE(0u, 1u);
  lines_client client{"me", "127.0.0.1", deaf.port(), options};
  CHECK(client.lock("key").error == std::errc::connection_refused);
}

TEST_CASE("a server that comes up between two tries is reached", "[net]") {
  deaf_port deaf;
  client_options options;
  options.reconnect_attempts = 1000;
  options.time_between_attempts = 1ms;
  lines_client client{"me", "127.0.0.1", deaf.port(), options};
  auto result = std::async(std::launch::async, [&] { return client.lock("key"); });
  CHECK(result.wait_for(50ms) == std::future_status::timeout);
  deaf.acceptor.listen();
  tcp::socket socket{deaf.context};
  deaf.acceptor.async_accept(socket, asio::detached);
  REQUIRE(deaf.context.run_for(10s) == 1);
  std::string request;
  asio::read_until(socket, asio::dynamic_buffer(request), "\r\n\r\n");
  asio::write(socket, asio::buffer(ok("1479000000.123456").bytes));
  REQUIRE(result.wait_for(10s) == std::future_status::ready);
  CHECK(result.get());
}

TEST_CASE("a host that nobody knows is an error", "[net]") {
  lines_client client{"me", "no-such-host.invalid", 8004, one_try()};
  auto result = client.lock("key");
  CHECK(result.status == lock_status::error);
  CHECK(result.error);
  CHECK_THAT(result.message, Catch::Matchers::StartsWith("no-such-host.invalid"));
}

TEST_CASE("the host may be an IPv6 address", "[net]") {
  boost::system::error_code ec;
  asio::io_context context;
  tcp::acceptor probe{context};
  probe.open(tcp::v6(), ec);
  if (!ec)
    probe.bind({asio::ip::address_v6::loopback(), 0}, ec);
  if (ec)
    return; // a machine without IPv6
  scripted_peer peer{{{ok("1")}}, "::1"};
  CHECK(lines_client{"me", "::1", peer.port(), one_try()}.ping());
}
