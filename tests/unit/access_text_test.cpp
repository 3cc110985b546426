// The format of access files, and the errors in them.
#include "net/access/access_text.hpp"

#include "net/access/access_error.hpp"
#include "tests/support/catch.hpp"

#include <string>

using namespace lockserver;

namespace {

const std::string hash_1 = "sha256:" + std::string(64, '1');
const std::string hash_2 = "sha256:" + std::string(64, 'a');

// What is wrong with `text`, or an empty string.
std::string complaint(const std::string& text) {
  try {
    parse_access(text);
    return {};
  } catch (const access_error& x) {
    return x.what();
  }
}

// The same for a file with that one identity, that one role, and so on.
std::string of_identity(const std::string& text) {
  return complaint(R"({"identities": {"ci": )" + text + "}, \"roles\": {\"r\": []}}");
}
std::string of_role(const std::string& text) {
  return complaint(R"({"roles": {"r": )" + text + "}}");
}
std::string of_line(const std::string& text) {
  return of_role("[" + text + "]");
}

} // namespace

TEST_CASE("an access file says who there is, and what each may") {
  auto rules = parse_access(R"({
    // Who deploys.
    "identities": {
      "ci":  { "tokens": [")"
                            + hash_1 + R"(", ")" + hash_2 + R"("],
               "roles": ["deployer"], "owners": ["ci", "build-*"] },
      "ops": { "certificates": ["URI:spiffe://example/ops", "DN:CN=ops,O=Example"],
               "roles": ["operator"] } },
    /* What they may. */
    "roles": {
      "deployer": [ {"keys": "deploy/", "allow": ["acquire"]}, {"keys": "", "allow": ["read"]} ],
      "operator": [ {"keys": "", "allow": ["acquire", "force"]}, {"allow": ["metrics", "admin"]} ] },
    "anonymous": { "roles": ["deployer"], "owners": ["*"] },
    "caf": { "roles": ["operator"] }
  } // the end
  )");
  CHECK(!rules->is_open());
  const auto* ci = rules->named("ci");
  REQUIRE(ci != nullptr);
  CHECK(ci->name() == "ci");
  CHECK(ci->may(right::acquire, "deploy/x"));
  CHECK(!ci->may(right::acquire, "x"));
  CHECK(ci->may(right::read, "x"));
  CHECK(!ci->may(right::admin));
  CHECK(ci->owners().allow("build-7"));
  CHECK(!ci->owners().allow("ci/1"));
  CHECK(ci->line_that_gives(right::read, "x")->place == "roles.deployer[1]");
  CHECK(rules->with_token(*read_token_hash(hash_1)) == ci);
  CHECK(rules->with_token(*read_token_hash(hash_2)) == ci);
  CHECK(rules->with_token(hash_of("another")) == nullptr);
  CHECK(rules->with_token({}) == nullptr);

  const auto* ops = rules->named("ops");
  REQUIRE(ops != nullptr);
  CHECK(ops->may(right::force, "x"));
  CHECK(ops->may(right::read, "x"));
  CHECK(ops->may(right::admin));
  CHECK(ops->owners().patterns() == std::vector<std::string>{"ops", "ops/*"});
  CHECK(rules->named("anonymous") == &rules->anonymous());
  CHECK(rules->anonymous().may(right::acquire, "deploy/x"));
  CHECK(rules->anonymous().owners().allow("whoever"));
  CHECK(rules->named("caf") == &rules->caf());
  CHECK(rules->caf().may(right::force, "x"));
  CHECK(rules->named("bob") == nullptr);
  CHECK(rules->named("") == nullptr);
}

TEST_CASE("what a file does not give nobody has") {
  auto rules = parse_access("{}");
  for (auto* who : {&rules->anonymous(), &rules->caf()}) {
    CHECK(!who->may_anything());
    CHECK(!who->owners().allow("whoever"));
  }
  rules = parse_access(R"({"identities": {"ci": {}}, "anonymous": {}, "caf": {}})");
  CHECK(!rules->named("ci")->may_anything());
  CHECK(rules->named("ci")->owners().allow("ci/1"));
  CHECK(rules->anonymous().owners().patterns()
        == std::vector<std::string>{"anonymous", "anonymous/*"});
  CHECK(rules->caf().owners().allow("whoever"));
}

TEST_CASE("without a file everybody may do everything") {
  auto rules = access_rules::open();
  CHECK(rules->is_open());
  for (auto* who : {&rules->anonymous(), &rules->caf()}) {
    for (auto& x : all_rights)
      CHECK(who->may(x.what, "any key"));
    CHECK(who->owners().allow("whoever"));
  }
  CHECK(rules->generation() != access_rules::open()->generation());
}

TEST_CASE("what is no JSON object is refused with its place") {
  CHECK(complaint("") == "the text ends too early: it must be one JSON object");
  CHECK(complaint("{\"roles\": {") == "the text ends too early: it must be one JSON object");
  CHECK(complaint("{} /* no end") == "the text ends too early: it must be one JSON object");
  CHECK(complaint("[]").starts_with("the document must be an object"));
  CHECK(complaint("17").starts_with("the document must be an object"));
  CHECK(complaint("{\n  \"roles\": {},\n}").starts_with("line 3, column 1 is not JSON: "));
  CHECK(complaint("{} {}").starts_with("line 1, column 4 is not JSON: "));
  CHECK(complaint("{'roles': {}}").starts_with("line 1, column 2 is not JSON: "));
  CHECK(complaint("{\"roles\": \"\xff\"}").starts_with("line 1, column 12 is not JSON: "));
  CHECK(complaint(std::string(100, '[')).find("is not JSON: ") != std::string::npos);
  CHECK(complaint("{}  \n// end").empty());
  CHECK(complaint("{}\n/* end */\n").empty());
}

TEST_CASE("a member that is there twice is refused by its place") {
  CHECK(complaint(R"({"roles": {}, "roles": {}})") == "roles is there twice");
  CHECK(complaint(R"({"identities": {"ci": {}, "ops": {}, "ci": {}}})")
        == "identities.ci is there twice");
  CHECK(of_line(R"({"keys": "a", "allow": ["read"]}, {"keys": "b", "keys": "c"})")
        == "roles.r[1].keys is there twice");
}

TEST_CASE("a member that is not known is refused by its place, with those that are") {
  CHECK(complaint(R"({"users": {}})")
        == "users is unknown here; known are identities, roles, anonymous, caf");
  CHECK(of_identity(R"({"token": []})")
        == "identities.ci.token is unknown here; known are tokens, certificates, roles, owners");
  CHECK(of_line(R"({"key": "", "allow": ["read"]})")
        == "roles.r[0].key is unknown here; known are keys, allow");
  CHECK(complaint(R"({"anonymous": {"tokens": []}})")
        == "anonymous.tokens is unknown here; known are roles, owners");
  CHECK(complaint(R"({"caf": {"certificates": []}})")
        == "caf.certificates is unknown here; known are roles, owners");
}

TEST_CASE("a value of the wrong type is refused by its place") {
  CHECK(complaint(R"({"identities": []})").starts_with("identities must be an object: "));
  CHECK(of_identity("17").starts_with("identities.ci must be an object: "));
  CHECK(of_identity(R"({"tokens": "x"})")
        == "identities.ci.tokens must be an array of hashes of tokens");
  CHECK(of_identity(R"({"roles": [1]})") == "identities.ci.roles[0] must be a string");
  CHECK(of_role("{}").starts_with("roles.r must be an array of lines such as "));
  CHECK(of_line("[]").starts_with("roles.r[0] must be an object: "));
  CHECK(of_line(R"({"keys": null, "allow": ["read"]})") == "roles.r[0].keys must be a string");
  CHECK(of_line(R"({"keys": "", "allow": "read"})")
        == "roles.r[0].allow must be an array of rights");
}

TEST_CASE("a wrong line of a role is refused with what is right") {
  CHECK(of_line(R"({"keys": "a"})") == "roles.r[0] has no member allow");
  CHECK(of_line(R"({"keys": "a", "allow": []})")
        == "roles.r[0].allow must have at least one right: read, acquire, force, metrics, admin");
  CHECK(
    of_line(R"({"keys": "a", "allow": ["read", "write"]})")
    == "roles.r[0].allow[1] is not a right; the rights are read, acquire, force, metrics, admin");
  CHECK(of_line(R"({"keys": "a", "allow": ["read", "read"]})")
        == "roles.r[0].allow[1] is there twice");
  CHECK(of_line(R"({"keys": "a", "allow": ["metrics"]})")
        == "roles.r[0].allow[0] is a right for the whole server: write it into a line "
           "without \"keys\"");
  CHECK(of_line(R"({"allow": ["admin", "read"]})")
        == "roles.r[0].allow[1] is a right about keys: add \"keys\" with a prefix to the line; "
           "\"\" is for all keys");
  CHECK(of_line(R"({"keys": "a\nb", "allow": ["read"]})")
          .starts_with("roles.r[0].keys cannot be a prefix of keys: it "));
  CHECK(of_line(R"({"keys": ")" + std::string(513, 'k') + R"(", "allow": ["read"]})")
          .starts_with("roles.r[0].keys cannot be a prefix of keys: it has 513 bytes"));
}

TEST_CASE("a role that is not there is refused with some that are") {
  CHECK(of_identity(R"({"roles": ["r", "s"]})")
        == "identities.ci.roles[1] is not one of \"roles\" (r)");
  CHECK(of_identity(R"({"roles": ["r", "r"]})") == "identities.ci.roles[1] is there twice");
  CHECK(complaint(R"({"anonymous": {"roles": ["x"]}})")
        == "anonymous.roles[0] is not one of \"roles\" (there are none)");
  CHECK(complaint(R"({"caf": {"roles": ["x"]}, "roles": {"a":[], "b":[], "c":[], "d":[]}})")
        == "caf.roles[0] is not one of \"roles\" (a, b, c, ...)");
}

TEST_CASE("a wrong hash is refused, and never repeated") {
  for (auto text : {"", "sha256:", "sha256:12", "md5:12", "hunter2"}) {
    auto said = of_identity(R"({"tokens": [")" + std::string{text} + R"("]})");
    CHECK(said
          == "identities.ci.tokens[0] must be sha256: and 64 hex digits, as lockserver-caf token "
             "prints it");
  }
  CHECK(!of_identity(R"({"tokens": ["sha256:)" + std::string(63, '1') + "g\"]}").empty());
  CHECK(!of_identity(R"({"tokens": ["sha256:)" + std::string(65, '1') + "\"]}").empty());
  CHECK(of_identity(R"({"tokens": ["sha256:)" + std::string(64, 'A') + "\"]}").empty());
  auto secret = make_token();
  auto said = of_identity(R"({"tokens": [")" + secret + "\"]}");
  CHECK(said.starts_with("identities.ci.tokens[0] is a token itself: write its sha256: line"));
  CHECK(said.find(secret) == std::string::npos);
}

TEST_CASE("a token or a certificate that two have is refused by both places") {
  auto with = [](const std::string& a, const std::string& b) {
    return complaint(R"({"identities": {"ci": {)" + a + R"(}, "ops": {)" + b + "}}}");
  };
  auto tokens = "\"tokens\": [\"" + hash_1 + "\"]";
  CHECK(with(tokens, tokens)
        == "identities.ops.tokens[0] is the same as identities.ci.tokens[0]: a token identifies "
           "one client");
  CHECK(of_identity("{\"tokens\": [\"" + hash_2 + "\", \"sha256:" + std::string(64, 'A') + "\"]}")
        == "identities.ci.tokens[1] is the same as identities.ci.tokens[0]: a token identifies one "
           "client");
  CHECK(
    with(R"("certificates": ["URI:a", "DNS:A.example"])", R"("certificates": ["DNS:a.EXAMPLE"])")
    == "identities.ops.certificates[0] is the same as identities.ci.certificates[1]: a "
       "certificate identifies one client");
}

TEST_CASE("a wrong pattern of a certificate or of owners is refused with what is right") {
  CHECK(of_identity(R"({"certificates": ["CN=ops"]})")
          .starts_with("identities.ci.certificates[0] must be URI:, DNS: or EMAIL: and "));
  CHECK(of_identity(R"({"certificates": ["DN:CN=ops, O=Example"]})")
          .starts_with("identities.ci.certificates[0] must be the subject as openssl x509 "));
  CHECK(of_identity(R"({"owners": ["a*b"]})")
        == "identities.ci.owners[0] may have a * only at its end");
  CHECK(of_identity(R"({"owners": []})").empty());
}

TEST_CASE("a name that cannot be that of an identity or a role is refused") {
  auto named = [](const std::string& name) {
    return complaint(R"({"identities": {")" + name + "\": {}}}");
  };
  CHECK(named("anonymous")
        == "identities.anonymous cannot be an identity: anonymous is reserved: it is a "
           "member beside \"identities\"");
  CHECK(!named("caf").empty());
  CHECK(
    named("a:b")
    == "identities.a:b cannot be an identity: its name has a colon, which ends the user name in "
       "Authorization: Basic");
  CHECK(!named("a*").empty());
  CHECK(!named("").empty());
  CHECK(!named("a\\n").empty());
  CHECK(!named(std::string(513, 'x')).empty());
  CHECK(named("\xc3\xa4").empty());
  CHECK(named("a/b c").empty());
  CHECK(
    complaint(R"({"roles": {"": []}})").starts_with("roles. cannot be a role: its name is empty"));
}

TEST_CASE("a sentence about a file is harmless for a log, whatever the file says") {
  auto said = complaint("{\"\\u001b[31m\\u000a" + std::string(1000, 'x') + "\": {}}");
  CHECK(said.starts_with("?[31m?xxx"));
  CHECK(said.size() < 200);
}
