// Which requests pass the gate, with tokens, rights and limits together.
#include "net/access/access_gate.hpp"

#include "net/access/access_text.hpp"
#include "tests/support/catch.hpp"

#include <memory>
#include <string>

using namespace lockserver;
using namespace std::chrono_literals;

namespace {

using moment = std::chrono::steady_clock::time_point;

const std::string ci_token = "lsk_" + std::string(43, 'A');
const std::string right_one = "Bearer " + ci_token;
const std::string wrong_one = "Bearer lsk_" + std::string(43, 'B');

const std::shared_ptr<const access_rules> rules = parse_access(R"({
  "identities": {"ci": {"tokens": [")" + to_string(hash_of(ci_token))
                                                               + R"("], "roles": ["r"]}},
  "roles": {"r": [{"keys": "deploy/", "allow": ["acquire"]}],
            "seer": [{"keys": "open/", "allow": ["read"]}]},
  "anonymous": {"roles": ["seer"]}})");

client_network network(const char* text) {
  return client_network{boost::asio::ip::make_address(text)};
}

struct client {
  access_gate& gate;
  const char* address = "192.0.2.1";
  authenticator remembered{};

  // The name of who passes, or the code of the denial.
  std::string ask(const std::string& credentials, const access_wish& x, moment now,
                  bool is_private = true) {
    authorization_field field{credentials, credentials.empty() ? 0u : 1u};
    auto answer = gate.pass(*rules, remembered, {network(address), field, is_private}, x, now);
    if (auto* no = std::get_if<denial>(&answer)) {
      wait = no->retry_after;
      return std::string{row_of(no->why).name};
    }
    return std::get<const principal*>(answer)->name();
  }

  std::chrono::nanoseconds wait{};
};

const access_wish acquire{operation::acquire, "deploy/x", "ci"};
const access_wish renew{operation::renew, "deploy/x", "ci"};
const access_wish look{operation::inspect, "open/x", {}};

} // namespace

TEST_CASE("who has shown who he is passes, and others with what everybody may") {
  access_gate gate{0};
  client x{gate};
  CHECK(x.ask(right_one, acquire, moment{100s}) == "ci");
  CHECK(x.ask(right_one, {operation::acquire, "x", "ci"}, moment{100s}) == "forbidden");
  CHECK(x.ask(right_one, {operation::acquire, "deploy/x", "ops"}, moment{100s})
        == "owner_not_yours");
  CHECK(x.ask("", look, moment{100s}) == "anonymous");
  CHECK(x.ask("", acquire, moment{100s}) == "unauthenticated");
  CHECK(x.ask(wrong_one, look, moment{100s}) == "unauthenticated");
  CHECK(x.ask(right_one, acquire, moment{100s}, false) == "tls_required");
}

TEST_CASE("whether the server is well may be asked by anybody, with anything, at any time") {
  access_gate gate{1};
  client x{gate};
  for (int i = 0; i < 30; ++i)
    CHECK(x.ask(wrong_one, {operation::health}, moment{100s}, false) == "anonymous");
}

TEST_CASE("who shows ten wrong tokens is kept off for ten seconds, with a right one, too") {
  access_gate gate{0};
  client x{gate};
  for (int i = 0; i < 10; ++i)
    CHECK(x.ask(wrong_one, acquire, moment{100s}) == "unauthenticated");
  CHECK(x.ask(wrong_one, acquire, moment{101s}) == "too_many");
  CHECK(x.wait == 9s);
  CHECK(x.ask(right_one, acquire, moment{110s - 1ns}) == "too_many");
  CHECK(x.ask(right_one, acquire, moment{110s}) == "ci");
}

TEST_CASE("a pause does not concern who shows nothing, who is known, and other addresses") {
  access_gate gate{0};
  client known{gate};
  CHECK(known.ask(right_one, acquire, moment{100s}) == "ci");
  client guesses{gate};
  for (int i = 0; i < 10; ++i)
    guesses.ask(wrong_one, acquire, moment{100s});
  CHECK(known.ask(right_one, acquire, moment{101s}) == "ci");
  CHECK(client{gate}.ask("", look, moment{101s}) == "anonymous");
  CHECK(client{gate}.ask(right_one, acquire, moment{101s}) == "too_many");
  CHECK(client{gate, "192.0.2.2"}.ask(right_one, acquire, moment{101s}) == "ci");
}

TEST_CASE("no lock is lost because others at the same address guess tokens") {
  access_gate gate{0};
  client guesses{gate};
  for (int i = 0; i < 10; ++i)
    guesses.ask(wrong_one, acquire, moment{100s});
  for (auto what : {operation::renew, operation::release, operation::lease_renew})
    CHECK(client{gate}.ask(right_one, {what, "deploy/x", "ci"}, moment{101s}) == "ci");
  CHECK(guesses.ask(wrong_one, renew, moment{101s}) == "unauthenticated");
}

TEST_CASE("a missing right, a token in the open and no token are no failed logins") {
  access_gate gate{0};
  client x{gate};
  for (int i = 0; i < 20; ++i) {
    CHECK(x.ask(right_one, {operation::acquire, "x", "ci"}, moment{100s}) == "forbidden");
    CHECK(x.ask("", acquire, moment{100s}) == "unauthenticated");
    CHECK(x.ask(wrong_one, acquire, moment{100s}, false) == "tls_required");
  }
  CHECK(client{gate}.ask(right_one, acquire, moment{100s}) == "ci");
}

TEST_CASE("who asks too often is told to wait, but keeps and gives back his locks") {
  access_gate gate{2};
  client x{gate};
  CHECK(x.ask(right_one, acquire, moment{100s}) == "ci");
  CHECK(x.ask(right_one, {operation::acquire, "x", "ci"}, moment{100s}) == "forbidden");
  CHECK(x.ask(right_one, acquire, moment{100s}) == "too_many");
  CHECK(x.wait == 500ms);
  CHECK(client{gate, "192.0.2.2"}.ask(right_one, acquire, moment{100s}) == "too_many");
  for (int i = 0; i < 10; ++i)
    CHECK(x.ask(right_one, renew, moment{100s}) == "ci");
  CHECK(x.ask("", look, moment{100s}) == "anonymous");
  CHECK(x.ask(right_one, acquire, moment{100s + 500ms}) == "ci");
}
