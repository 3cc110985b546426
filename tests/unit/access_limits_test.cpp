// Limits on requests a second and on failed logins.
#include "net/access/client_network.hpp"
#include "net/access/failed_logins.hpp"
#include "net/access/rate_limits.hpp"
#include "net/access/recent_table.hpp"

#include "tests/support/catch.hpp"

#include <string>

using namespace lockserver;
using namespace std::chrono_literals;

namespace {

using clock_type = std::chrono::steady_clock;
using moment = clock_type::time_point;

client_network network(const char* text) {
  return client_network{boost::asio::ip::make_address(text)};
}

client_network network(unsigned number) {
  return client_network{boost::asio::ip::make_address_v4(number)};
}

const client_network here = network("192.0.2.1");
const client_network there = network("192.0.2.2");

principal named(const std::string& name) {
  return {name, {}, {}};
}

} // namespace

TEST_CASE("addresses count as one when they are of one IPv4 address or of one IPv6 network") {
  CHECK(here == network("192.0.2.1"));
  CHECK(here == network("::ffff:192.0.2.1"));
  CHECK(!(here == there));
  CHECK(network("2001:db8:1:2::1") == network("2001:db8:1:2:ffff:ffff:ffff:ffff"));
  CHECK(!(network("2001:db8:1:2::1") == network("2001:db8:1:3::1")));
  CHECK(!(network("0.0.0.1") == network("0:0:0:1::")));
  CHECK(client_network::hash{}(here) == client_network::hash{}(network("::ffff:192.0.2.1")));
  CHECK(to_text(boost::asio::ip::make_address("::ffff:192.0.2.1")) == "192.0.2.1");
  CHECK(to_text(boost::asio::ip::make_address("2001:db8::1")) == "2001:db8::1");
}

TEST_CASE("in a full table the entry that was not used for longest gives way") {
  recent_table<std::string, char, std::hash<std::string>> table{3};
  for (auto name : {"a", "b", "c"})
    table.use(std::string{name}) = *name;
  CHECK(table.use(std::string{"a"}) == 'a');
  CHECK(table.find(std::string{"b"}) != nullptr); // which is no use
  CHECK(table.use(std::string{"d"}) == char{});
  CHECK(table.size() == 3);
  CHECK(table.find(std::string{"b"}) == nullptr);
  for (auto name : {"a", "c", "d"})
    CHECK(table.find(std::string{name}) != nullptr);
}

TEST_CASE("after ten failed logins in ten seconds none is tried for ten seconds") {
  failed_logins x;
  for (int i = 0; i < 9; ++i)
    x.failed(here, moment{100s + i * 1s});
  CHECK(!x.wait(here, moment{108s}));
  x.failed(here, moment{110s - 1ns});
  CHECK(x.wait(here, moment{110s - 1ns}) == clock_type::duration{10s});
  CHECK(x.wait(here, moment{119s}) == clock_type::duration{1s - 1ns});
  CHECK(x.wait(here, moment{120s - 2ns}) == clock_type::duration{1ns});
  CHECK(!x.wait(here, moment{120s - 1ns}));
}

TEST_CASE("ten failed logins in more than ten seconds are no reason for a pause") {
  failed_logins x;
  for (int i = 0; i < 9; ++i)
    x.failed(here, moment{100s});
  x.failed(here, moment{110s});
  CHECK(!x.wait(here, moment{110s}));
  // Now the last ten began a second ago.
  for (int i = 0; i < 8; ++i)
    x.failed(here, moment{111s});
  CHECK(!x.wait(here, moment{111s}));
  x.failed(here, moment{111s});
  CHECK(x.wait(here, moment{111s}) == clock_type::duration{10s});
}

TEST_CASE("a pause is not made longer by what fails in it, and ten more failures make another") {
  failed_logins x;
  for (int i = 0; i < 50; ++i)
    x.failed(here, moment{100s});
  x.failed(here, moment{109s});
  CHECK(!x.wait(here, moment{110s}));
  for (int i = 0; i < 9; ++i)
    x.failed(here, moment{110s});
  CHECK(!x.wait(here, moment{110s}));
  x.failed(here, moment{110s});
  CHECK(x.wait(here, moment{110s}) == clock_type::duration{10s});
}

TEST_CASE("failed logins from one address do not concern another") {
  failed_logins x;
  for (int i = 0; i < 10; ++i)
    x.failed(here, moment{100s});
  CHECK(x.wait(here, moment{100s}));
  CHECK(!x.wait(there, moment{100s}));
}

TEST_CASE("failed logins of so many addresses are counted, and the oldest are forgotten") {
  failed_logins x;
  for (int i = 0; i < 10; ++i)
    x.failed(here, moment{100s});
  for (unsigned i = 1; i < failed_logins::max_addresses; ++i)
    x.failed(network(i), moment{100s});
  CHECK(x.wait(here, moment{100s}));
  x.failed(network(failed_logins::max_addresses), moment{100s});
  CHECK(!x.wait(here, moment{100s}));
}

TEST_CASE("an identity may ask so often in a second, at once or spread") {
  rate_limits x{10};
  auto ci = named("ci");
  for (int i = 0; i < 10; ++i)
    CHECK(!x.take(ci, here, moment{100s}));
  CHECK(x.take(ci, here, moment{100s}) == clock_type::duration{100ms});
  CHECK(x.take(ci, here, moment{100s + 40ms}) == clock_type::duration{60ms});
  // What was refused has not counted.
  CHECK(!x.take(ci, here, moment{100s + 100ms}));
  CHECK(x.take(ci, here, moment{100s + 100ms}) == clock_type::duration{100ms});
  for (int i = 0; i < 100; ++i)
    CHECK(!x.take(ci, here, moment{102s + i * 100ms}));
}

TEST_CASE("who was silent may not ask for more than a second's requests at once") {
  rate_limits x{2};
  auto ci = named("ci");
  for (auto at : {100s, 1000s}) {
    CHECK(!x.take(ci, here, moment{at}));
    CHECK(!x.take(ci, here, moment{at}));
    CHECK(x.take(ci, here, moment{at}) == clock_type::duration{500ms});
  }
}

TEST_CASE("a limit is one for each identity, and for each address of anonymous clients") {
  rate_limits x{1};
  CHECK(!x.take(named("ci"), here, moment{100s}));
  CHECK(x.take(named("ci"), there, moment{100s}));
  CHECK(!x.take(named("ops"), here, moment{100s}));
  CHECK(!x.take(named("anonymous"), here, moment{100s}));
  CHECK(x.take(named("anonymous"), here, moment{100s}));
  CHECK(!x.take(named("anonymous"), there, moment{100s}));
}

TEST_CASE("a limit of 0 is none") {
  rate_limits x{0};
  for (int i = 0; i < 1000; ++i)
    CHECK(!x.take(named("ci"), here, moment{100s}));
}

TEST_CASE("a limit that does not divide a second is kept") {
  for (unsigned limit : {1u, 3u, 7u, 1000u, 12'345u}) {
    rate_limits x{limit};
    auto ci = named("ci");
    unsigned taken = 0;
    for (auto i = 0u; i < limit + 5; ++i)
      taken += x.take(ci, here, moment{100s}) ? 0 : 1;
    CHECK(taken == limit);
  }
}
