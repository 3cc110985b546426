// Identification of the client of a connection.
#include "net/access/authenticator.hpp"

#include "net/access/access_text.hpp"
#include "tests/support/catch.hpp"

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <vector>

using namespace lockserver;

namespace {

const std::string ci_token = "lsk_" + std::string(43, 'A');
const std::string ops_token = "lsk_" + std::string(43, 'B');
const std::string new_token = "lsk_" + std::string(43, 'C');

std::shared_ptr<const access_rules> rules_with(const std::string& token_of_ci) {
  return parse_access(R"({"identities": {
    "ci":  {"tokens": [")"
                      + to_string(hash_of(token_of_ci)) + R"("],
            "certificates": ["URI:spiffe://example/ci"]},
    "ops": {"tokens": [")"
                      + to_string(hash_of(ops_token)) + R"("],
            "certificates": ["DNS:ops.example"]}}})");
}

authorization_field bearer(std::string& kept, const std::string& token) {
  kept = "Bearer " + token;
  return {kept, 1};
}

authorization_field basic(std::string& kept, const std::string& user, const std::string& token) {
  auto text = user + ':' + token;
  std::string encoded((text.size() + 2) / 3 * 4 + 1, '\0');
  auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                              reinterpret_cast<const unsigned char*>(text.data()),
                              static_cast<int>(text.size()));
  kept = "Basic " + encoded.substr(0, static_cast<std::size_t>(size));
  return {kept, 1};
}

// The name of who it is, or the code of the refusal.
std::string who(authenticator& x, const access_rules& rules, const authorization_field& field,
                bool is_private = true) {
  auto answer = x.who(rules, field, is_private);
  if (auto* no = std::get_if<denial>(&answer)) {
    CHECK(!no->sentence.empty());
    CHECK(no->sentence.find("lsk_A") == std::string::npos);
    return std::string{row_of(no->why).name};
  }
  return std::get<const principal*>(answer)->name();
}

std::string who_with(const peer_names& certificate, const access_rules& rules,
                     const authorization_field& field = {}) {
  authenticator x;
  x.certificate(certificate);
  return who(x, rules, field);
}

const peer_names certificate_of_ci{{"URI:spiffe://example/ci"}, "DN:CN=ops"};

} // namespace

TEST_CASE("who shows nothing is anonymous") {
  authenticator x;
  auto rules = rules_with(ci_token);
  CHECK(who(x, *rules, {}) == "anonymous");
  CHECK(who(x, *rules, {}, false) == "anonymous");
}

TEST_CASE("who shows a token is whose it is, as Bearer and as Basic") {
  auto rules = rules_with(ci_token);
  std::string kept;
  for (auto user : {"", "ci"}) {
    authenticator x;
    CHECK(who(x, *rules, basic(kept, user, ci_token)) == "ci");
  }
  authenticator x;
  CHECK(who(x, *rules, bearer(kept, ci_token)) == "ci");
  CHECK(who(x, *rules, bearer(kept, ops_token)) == "ops");
}

TEST_CASE("a token that nobody has, or another than the user, is that of nobody") {
  auto rules = rules_with(ci_token);
  std::string kept;
  authenticator x;
  CHECK(who(x, *rules, bearer(kept, new_token)) == "unauthenticated");
  CHECK(who(x, *rules, bearer(kept, "hunter2")) == "unauthenticated");
  for (auto user : {"ops", "CI", "ci ", "anonymous", "bob"})
    CHECK(who(x, *rules, basic(kept, user, ci_token)) == "unauthenticated");
}

TEST_CASE("a field that is there twice is refused, also if both are right") {
  auto rules = rules_with(ci_token);
  std::string kept;
  authenticator x;
  auto field = bearer(kept, ci_token);
  CHECK(who(x, *rules, field) == "ci");
  field.count = 2;
  CHECK(who(x, *rules, field) == "unauthenticated");
  CHECK(who(x, *rules, {"", 1}) == "unauthenticated");
}

TEST_CASE("a token that others could read is refused, right or wrong, remembered or not") {
  auto rules = rules_with(ci_token);
  std::string kept;
  authenticator x;
  CHECK(who(x, *rules, bearer(kept, ci_token), false) == "tls_required");
  CHECK(who(x, *rules, bearer(kept, new_token), false) == "tls_required");
  CHECK(who(x, *rules, bearer(kept, ci_token)) == "ci");
  CHECK(who(x, *rules, bearer(kept, ci_token), false) == "tls_required");
}

TEST_CASE("what was verified is remembered, and only that") {
  auto rules = rules_with(ci_token);
  std::string kept;
  authenticator x;
  auto field = bearer(kept, ci_token);
  CHECK(x.would_verify(*rules, field));
  CHECK(!x.would_verify(*rules, {}));
  CHECK(who(x, *rules, field) == "ci");
  CHECK(!x.would_verify(*rules, field));
  CHECK(who(x, *rules, field) == "ci");
  std::string other;
  CHECK(x.would_verify(*rules, bearer(other, ops_token)));
  CHECK(x.would_verify(*rules, bearer(other, ci_token + "x")));
  CHECK(x.would_verify(*rules, basic(other, "ci", ci_token)));
  CHECK(x.would_verify(*rules, {field.value, 2}));
  // A failure does not make it forget.
  CHECK(who(x, *rules, bearer(other, new_token)) == "unauthenticated");
  CHECK(!x.would_verify(*rules, field));
  CHECK(who(x, *rules, bearer(other, ops_token)) == "ops");
  CHECK(x.would_verify(*rules, field));
}

TEST_CASE("with new rules everything is verified anew") {
  auto old_rules = rules_with(ci_token);
  auto same_again = rules_with(ci_token);
  auto rotated = rules_with(new_token);
  std::string kept;
  auto field = bearer(kept, ci_token);
  authenticator x;
  CHECK(who(x, *old_rules, field) == "ci");
  CHECK(x.would_verify(*same_again, field));
  CHECK(who(x, *same_again, field) == "ci");
  CHECK(who(x, *rotated, field) == "unauthenticated");
  CHECK(who(x, *rotated, bearer(kept, new_token)) == "ci");
}

TEST_CASE("who shows a certificate is whose it is, by an alternative name, not by the CN") {
  auto rules = rules_with(ci_token);
  CHECK(who_with(certificate_of_ci, *rules) == "ci");
  CHECK(who_with({{"DNS:OPS.Example"}, ""}, *rules) == "ops");
  CHECK(who_with({{}, "DN:CN=ops"}, *rules) == "unauthenticated");
  CHECK(who_with({{"URI:ops.example"}, ""}, *rules) == "unauthenticated");
  CHECK(who_with({}, *rules) == "unauthenticated");
}

TEST_CASE("a certificate with the names of two identities is that of nobody") {
  auto rules = rules_with(ci_token);
  auto both = certificate_of_ci;
  both.alternatives.emplace_back("DNS:ops.example");
  CHECK(who_with(both, *rules) == "unauthenticated");
  auto twice = certificate_of_ci;
  twice.alternatives.push_back(twice.alternatives.front());
  twice.alternatives.emplace_back("DNS:unknown.example");
  CHECK(who_with(twice, *rules) == "ci");
}

TEST_CASE("certificate and token must be those of one identity") {
  auto rules = rules_with(ci_token);
  std::string kept;
  CHECK(who_with(certificate_of_ci, *rules, bearer(kept, ci_token)) == "ci");
  CHECK(who_with(certificate_of_ci, *rules, bearer(kept, ops_token)) == "unauthenticated");
  CHECK(who_with(certificate_of_ci, *rules, bearer(kept, new_token)) == "unauthenticated");
  CHECK(who_with({{}, "CN=unknown"}, *rules, bearer(kept, ci_token)) == "unauthenticated");
}

TEST_CASE("a certificate that new rules do not know is that of nobody at the next request") {
  auto rules = rules_with(ci_token);
  auto without = parse_access(R"({"identities": {"ci": {}}})");
  authenticator x;
  x.certificate(certificate_of_ci);
  CHECK(who(x, *rules, {}) == "ci");
  CHECK(who(x, *without, {}) == "unauthenticated");
  CHECK(who(x, *rules, {}) == "ci");
}

TEST_CASE("without an access file nobody is asked who he is") {
  auto open = access_rules::open();
  authenticator x;
  CHECK(who(x, *open, {"nonsense", 3}, false) == "anonymous");
  CHECK(!x.would_verify(*open, {"nonsense", 3}));
}

TEST_CASE("a certificate is named by its alternative names and its whole subject") {
  using strings = std::vector<std::string>;
  peer_names x{{"URI:spiffe://Example/CI", "DNS:CI.Example", "EMAIL:CI@Example"},
               "DN:CN=CI,O=Example"};
  CHECK(patterns_of(x)
        == strings{"URI:spiffe://Example/CI", "DNS:ci.example", "EMAIL:CI@Example",
                   "DN:CN=CI,O=Example"});
  CHECK(patterns_of({}).empty());
}

TEST_CASE("a pattern of a certificate has a kind and a name, as a certificate has it") {
  for (auto good : {"URI:a", "DNS:*.example", "EMAIL:a@b", "DN:CN=ops", "DN:CN=ops,O=A\\, B C",
                    "DN:CN=J\\C3\\BCrgen"})
    CHECK(check_certificate_pattern(good).empty());
  for (auto bad : {"", "URI:", "uri:a", "IP:10.0.0.1", "CN=ops", "DN:ops", "DN:CN=ops, O=Example",
                   "DN:CN = ops", "DN:CN=J\xc3\xbcrgen", "DNS:a\n"})
    CHECK(!check_certificate_pattern(bad).empty());
}
