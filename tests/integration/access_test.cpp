// Rights over HTTP: what each client may do in each dialect, compared with a naive model, and
// to whom a lock belongs.
#include "tests/support/access_server.hpp"
#include "tests/support/catch.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

using namespace lockserver;
using namespace std::chrono_literals;
using namespace ::test;

namespace {

using strings = std::vector<std::string>;

const std::string rules = R"({ "identities": {
    "a":      {"tokens": [)"
                          + hash_of_token("a") + R"(], "roles": ["a"], "owners": ["*"]},
    "b":      {"tokens": [)"
                          + hash_of_token("b") + R"(], "roles": ["b"], "owners": ["*"]},
    "reader": {"tokens": [)"
                          + hash_of_token("reader") + R"(], "roles": ["reader"], "owners": ["*"]},
    "ops":    {"tokens": [)"
                          + hash_of_token("ops") + R"(], "roles": ["ops"], "owners": ["*"]},
    "nobody": {"tokens": [)"
                          + hash_of_token("nobody") + R"(], "roles": [], "owners": ["*"]} },
  "roles": {
    "a":      [ {"keys": "a/", "allow": ["acquire"]}, {"keys": "b/1", "allow": ["read"]} ],
    "b":      [ {"keys": "a/", "allow": ["acquire"]}, {"keys": "b/", "allow": ["acquire"]} ],
    "reader": [ {"keys": "", "allow": ["read"]} ],
    "ops":    [ {"keys": "", "allow": ["force"]}, {"allow": ["admin", "metrics"]} ],
    "public": [ {"keys": "p/", "allow": ["acquire"]} ] },
  "anonymous": {"roles": ["public"], "owners": ["*"]} })";

// -- the model ------------------------------------------------------------------

bool starts(const std::string& key, const std::string& prefix) {
  return key.compare(0, prefix.size(), prefix) == 0;
}

bool may_acquire(const std::string& who, const std::string& key) {
  if (who.empty())
    return starts(key, "p/");
  return (starts(key, "a/") && (who == "a" || who == "b")) || (starts(key, "b/") && who == "b");
}

bool may_force(const std::string& who, const std::string&) {
  return who == "ops";
}

bool may_read(const std::string& who, const std::string& key) {
  return may_acquire(who, key) || may_force(who, key) || who == "reader"
         || (who == "a" && starts(key, "b/1"));
}

const strings clients{"", "a", "b", "reader", "ops", "nobody"};
const strings keys{"a/1", "b/1", "b/2", "p/1", "z"};

std::string escaped(std::string key) {
  if (auto slash = key.find('/'); slash != std::string::npos)
    key.replace(slash, 1, "%2F");
  return key;
}

// An operation in a dialect.
struct call {
  const char* method;
  const char* before; // the key
  const char* after;
  const char* body;
  bool (*allowed)(const std::string& who, const std::string& key);
};

const std::vector<call> calls{
  // JSON
  {"POST", "/v1/locks/", "", R"({"owner":"o","wait_ms":0})", may_acquire},
  {"PUT", "/v1/locks/", "", R"({"owner":"o","ttl_ms":1000})", may_acquire},
  {"DELETE", "/v1/locks/", "?owner=o", "", may_acquire},
  {"DELETE", "/v1/locks/", "?force=true", "", may_force},
  {"GET", "/v1/locks/", "", "", may_read},
  // Lock::Server's lines
  {"GET", "/LOCK/", "/o?lock_attempt_timeout=0", "", may_acquire},
  {"GET", "/UNLOCK/", "/o", "", may_acquire},
  {"GET", "/VERIFY/", "/o", "", may_read},
  {"GET", "/CHECK/", "", "", may_read},
  // Terraform
  {"LOCK", "/terraform/", "", R"({"ID":"o"})", may_acquire},
  {"UNLOCK", "/terraform/", "", R"({"ID":"o"})", may_acquire},
  {"DELETE", "/terraform/", "", "", may_force},
};

std::string acquire(const std::string& owner, const std::string& more = {}) {
  return R"({"owner":")" + owner + R"(","ttl_ms":600000,"wait_ms":0)" + more + '}';
}

std::string lease_in(const response& x) {
  auto begin = x.body.find(R"("lease":")") + 9;
  return x.body.substr(begin, 32);
}

bool has(const response& x, const std::string& text) {
  return x.body.find(text) != std::string::npos;
}

} // namespace

TEST_CASE("each client may do what its roles say, in every dialect", "[net][access]") {
  access_server server{rules};
  std::size_t cases = 0;
  for (auto& who : clients)
    for (auto& key : keys)
      for (auto& x : calls) {
        CAPTURE(who, key, x.method, x.before, x.after);
        auto target = x.before + (starts(x.before, "/terraform/") ? key : escaped(key)) + x.after;
        auto answer = server.ask(who, x.method, target, x.body);
        auto is_denied = answer.status == 401 || answer.status == 403;
        CHECK(is_denied == !x.allowed(who, key));
        if (is_denied) {
          CHECK(answer.status == (who.empty() ? 401 : 403));
          CHECK((answer["www-authenticate"] != "") == who.empty());
        }
        ++cases;
      }
  CHECK(cases == clients.size() * keys.size() * calls.size());
}

TEST_CASE("rights for the whole server go by roles, too", "[net][access]") {
  access_server server{rules, {.allow_shutdown = true}};
  for (auto& who : clients) {
    CAPTURE(who);
    CHECK(server.ask(who, "GET", "/PING").status == 200);
    CHECK(server.ask(who, "GET", "/healthz").status == 200);
    CHECK(server.ask(who, "GET", "/readyz").status == 200);
    CHECK(server.ask(who, "GET", "/openapi.yaml").status == 200);
    CHECK(server.ask(who, "GET", "/v1/access").status == 200);
    auto info = server.ask(who, "GET", "/v1/server");
    CHECK(info.status == (who == "nobody" ? 403 : 200));
    CHECK(has(info, R"("settings")") == (who == "ops"));
    if (who != "ops")
      CHECK(server.ask(who, "GET", "/SHUTDOWN").status == (who.empty() ? 401 : 403));
  }
  CHECK(server.ask("ops", "GET", "/SHUTDOWN").body == "1\n");
}

TEST_CASE("a lock belongs to the identity that took it", "[net][access]") {
  access_server server{rules};
  REQUIRE(server.ask("a", "POST", "/v1/locks/a%2F1", acquire("o", R"(,"request_id":"r")")).status
          == 200);
  auto other = GENERATE("b", "ops");
  CAPTURE(other);
  auto is_b = std::string{other} == "b";
  auto refused = server.ask(other, "DELETE", "/v1/locks/a%2F1?owner=o");
  CHECK(refused.status == 403);
  CHECK(has(refused, R"("code":"forbidden")"));
  CHECK(server.ask(other, "PUT", "/v1/locks/a%2F1", R"({"owner":"o","ttl_ms":1000})").status
        == 403);
  // Its request is no repeat, and does not get the grant.
  auto repeat = acquire("o", R"(,"request_id":"r")");
  CHECK(server.ask(other, "POST", "/v1/locks/a%2F1", repeat).status == (is_b ? 423 : 403));
  CHECK(server.ask(other, "GET", "/UNLOCK/a%2F1/o").body == "0\n");
  if (is_b) {
    // As another owner, it is one that has to wait.
    auto held = server.ask("b", "POST", "/v1/locks/a%2F1", acquire("o"));
    CHECK(held.status == 423);
    CHECK(has(held, R"({"owner":"o","identity":"a",)"));
    CHECK(server.ask("b", "GET", "/VERIFY/a%2F1/o").body == "0\n");
    CHECK(server.ask("b", "UNLOCK", "/terraform/a/1", R"({"ID":"o"})").status == 403);
  }
  CHECK(server.ask("a", "GET", "/VERIFY/a%2F1/o").body == "1\n");
  CHECK(server.ask("a", "POST", "/v1/locks/a%2F1", acquire("o", R"(,"request_id":"r")")).status
        == 200);
  CHECK(server.ask("a", "DELETE", "/v1/locks/a%2F1?owner=o").status == 200);
  CHECK(server->count().holders == 0);
}

TEST_CASE("two identities with one owner share a lock as two holders", "[net][access]") {
  access_server server{rules};
  auto shared = acquire("o", R"(,"mode":"shared")");
  REQUIRE(server.ask("a", "POST", "/v1/locks/a%2F1", shared).status == 200);
  REQUIRE(server.ask("b", "POST", "/v1/locks/a%2F1", shared).status == 200);
  CHECK(server->count().holders == 2);
  CHECK(server.ask("a", "DELETE", "/v1/locks/a%2F1?owner=o").status == 200);
  CHECK(server->count().holders == 1);
  CHECK(server.ask("a", "DELETE", "/v1/locks/a%2F1?owner=o").status == 403);
  CHECK(server.ask("b", "DELETE", "/v1/locks/a%2F1?owner=o").status == 200);
}

TEST_CASE("a lease belongs to the identity that made it", "[net][access]") {
  access_server server{rules};
  auto lease = lease_in(server.ask("a", "POST", "/v1/leases", R"({"ttl_ms":600000})"));
  auto with_lease = R"({"owner":"o","lease":")" + lease + R"("})";
  REQUIRE(server.ask("a", "POST", "/v1/locks/a%2F1", with_lease).status == 200);
  CHECK(server.ask("b", "POST", "/v1/locks/a%2F2", with_lease).status == 403);
  CHECK(server.ask("b", "PUT", "/v1/leases/" + lease).status == 403);
  CHECK(server.ask("b", "GET", "/v1/leases/" + lease).status == 403);
  CHECK(server.ask("b", "DELETE", "/v1/leases/" + lease).status == 403);
  CHECK(server.ask("a", "GET", "/v1/leases/" + lease).status == 200);
  CHECK(server.ask("a", "PUT", "/v1/leases/" + lease).status == 200);
  SECTION("which ends it") {
    CHECK(server.ask("a", "DELETE", "/v1/leases/" + lease).status == 200);
  }
  CHECK(server.ask("a", "GET", "/v1/leases/" + lease).status != 403);
}

TEST_CASE("who may force all keys ends the lease of another identity", "[net][access]") {
  access_server server{R"({ "identities": {
      "a":   {"tokens": [)"
                       + hash_of_token("a") + R"(], "roles": ["all"]},
      "ops": {"tokens": [)"
                       + hash_of_token("ops") + R"(], "roles": ["ops"]} },
    "roles": { "all": [ {"keys": "", "allow": ["acquire"]} ],
               "ops": [ {"keys": "", "allow": ["force"]} ] } })"};
  auto lease = lease_in(server.ask("a", "POST", "/v1/leases", R"({"ttl_ms":600000})"));
  REQUIRE(
    server.ask("a", "POST", "/v1/locks/key", R"({"owner":"a","lease":")" + lease + R"("})").status
    == 200);
  CHECK(server.ask("ops", "PUT", "/v1/leases/" + lease).status == 403);
  CHECK(server.ask("ops", "DELETE", "/v1/leases/" + lease).status == 200);
  CHECK(server->count().holders == 0);
  CHECK(server.ask("a", "GET", "/v1/leases/" + lease).status == 410);
}

TEST_CASE("nobody is shown a key that it may not read", "[net][access]") {
  access_server server{rules};
  const strings held{"a/1", "a/2", "b/1", "b/11", "b/2"};
  for (auto& key : held)
    REQUIRE(server.ask("b", "POST", "/v1/locks/" + escaped(key), acquire("o")).status == 200);
  REQUIRE(server.ask("", "POST", "/v1/locks/p%2F1", acquire("o")).status == 200);
  auto all = held;
  all.push_back("p/1");
  for (auto& who : clients) {
    for (auto* limit : {"1", "2", "1000"}) {
      CAPTURE(who, limit);
      strings seen;
      std::string after;
      for (int pages = 0; pages < 20; ++pages) {
        auto page = server.ask(who, "GET", "/v1/locks?limit=" + std::string{limit} + after);
        if (page.status != 200)
          break;
        for (auto& key : all)
          if (has(page, R"("key":")" + key + '"'))
            seen.push_back(key);
          else // nor anywhere else in it
            CHECK((may_read(who, key) || !has(page, '"' + key + '"')));
        auto next = page.body.find(R"("next":")");
        if (next == std::string::npos)
          break;
        next += 8;
        after = "&after=" + escaped(page.body.substr(next, page.body.find('"', next) - next));
      }
      strings expected;
      for (auto& key : all)
        if (may_read(who, key))
          expected.push_back(key);
      CHECK(seen == expected);
    }
    // The answer is the same whether there is such a key or not.
    for (auto& key : all)
      if (!may_read(who, key)) {
        auto there = server.ask(who, "GET", "/v1/locks/" + escaped(key));
        auto not_there = server.ask(who, "GET", "/v1/locks/zzz");
        CHECK((who == "reader" || there.body == not_there.body));
      }
  }
}

TEST_CASE("credentials that are wrong, doubled or too long are refused, and nothing changes",
          "[net][access]") {
  access_server server{rules};
  auto lock = [&](const std::string& fields) {
    return server.connect()
      .send("GET /LOCK/p%2F1/me?lock_attempt_timeout=0 HTTP/1.1\r\nHost: localhost\r\n" + fields
            + "\r\n")
      .answer();
  };
  auto right = "Authorization: Bearer " + token_of("a") + "\r\n";
  for (auto& wrong :
       {std::string{"Authorization: Bearer lsk_wrong\r\n"}, std::string{"Authorization: \r\n"},
        std::string{"Authorization: Digest abc\r\n"}, std::string{"Authorization: Basic ???\r\n"},
        "Authorization: Bearer " + token_of("unknown") + "\r\n", right + right,
        "Authorization: Bearer " + std::string(2000, 'x') + "\r\n"}) {
    auto answer = lock(wrong);
    CAPTURE(wrong.substr(0, 60));
    CHECK(answer.status == 401);
    CHECK(answer.body == "0\n");
    CHECK(answer["www-authenticate"] == R"(Basic realm="lockserver", Bearer)");
    CHECK(answer["lockserver-error"].find(token_of("a")) == std::string::npos);
  }
  CHECK(server->count().holders == 0);
}

TEST_CASE("after ten wrong tokens from an address no other is tried for a while", "[net][access]") {
  access_server server{rules};
  auto known = server.connect();
  REQUIRE(known.send(request_of("a", "POST", "/v1/locks/a%2F1", acquire("o"))).answer().status
          == 200);
  for (int i = 0; i < 10; ++i)
    CHECK(server.ask("unknown", "GET", "/v1/locks").status == 401);
  auto slowed = server.ask("a", "GET", "/v1/locks");
  CHECK(slowed.status == 429);
  CHECK(slowed["retry-after"] != "");
  // Who is known already goes on, and nobody loses a lock by that.
  CHECK(known.send(request_of("a", "GET", "/v1/locks")).answer().status == 200);
  CHECK(server.ask("a", "PUT", "/v1/locks/a%2F1", R"({"owner":"o"})").status == 200);
  CHECK(server.ask("", "GET", "/CHECK/p%2F1").status == 200);
}

TEST_CASE("an identity may send so many requests a second, and renew as it likes",
          "[net][access]") {
  access_server server{rules, {.rate_limit = 5}};
  auto client = server.connect();
  REQUIRE(client.send(request_of("a", "POST", "/v1/locks/a%2F1", acquire("o"))).answer().status
          == 200);
  auto is_refused = false;
  for (int i = 0; i < 200 && !is_refused; ++i)
    is_refused = client.send(request_of("a", "GET", "/v1/locks")).answer().status == 429;
  CHECK(is_refused);
  CHECK(client.send(request_of("a", "PUT", "/v1/locks/a%2F1", R"({"owner":"o"})")).answer().status
        == 200);
  CHECK(client.send(request_of("a", "DELETE", "/v1/locks/a%2F1?owner=o")).answer().status == 200);
  CHECK(client.send(request_of("b", "GET", "/v1/locks")).answer().status == 200);
}

TEST_CASE("only so many requests of an identity wait", "[net][access]") {
  access_server server{rules, {.max_waiters_per_identity = 2}};
  REQUIRE(server.ask("b", "POST", "/v1/locks/a%2F1", acquire("holder")).status == 200);
  auto waiting = [&](const std::string& owner) {
    return request_of("a", "POST", "/v1/locks/a%2F1",
                      R"({"owner":")" + owner + R"(","wait_ms":60000})");
  };
  auto first = server.connect();
  auto second = server.connect();
  first.send(waiting("1"));
  second.send(waiting("2"));
  CHECK((*server).gets_waiters(2));
  auto third = server.connect();
  CHECK(third.send(waiting("3")).answer().status == 429);
  CHECK(server.ask("a", "POST", "/v1/locks/a%2F2", acquire("o")).status == 200); // does not wait
  first.close();
  CHECK((*server).gets_waiters(1));
  third.send(waiting("3"));
  CHECK((*server).gets_waiters(2));
}

TEST_CASE("only so many connections of an address are served", "[net][access]") {
  running_server server{{.max_connections_per_address = 2}};
  auto first = server.connect();
  auto second = server.connect();
  CHECK(is_expiry(first.send(get("/LOCK/a/me")).answer().body));
  CHECK(is_expiry(second.send(get("/LOCK/b/me")).answer().body));
  CHECK(server.connect().send(get("/LOCK/c/me")).answer().status == 429);
  // It may give one back.
  CHECK(server.connect().send(get("/UNLOCK/b/me")).answer().body == "1\n");
  second.close();
  CHECK(server.gets_connections(1));
  CHECK(is_expiry(server.connect().send(get("/LOCK/c/me")).answer().body));
}

TEST_CASE("an earlier grant is lost, also if another identity holds the lock as this owner",
          "[net][access]") {
  access_server server{rules};
  auto token_in = [](const response& x) {
    auto begin = x.body.find(R"("token":)") + 8;
    return x.body.substr(begin, x.body.find(',', begin) - begin);
  };
  auto lost = token_in(server.ask("b", "POST", "/v1/locks/a%2F1", acquire("o")));
  REQUIRE(server.ask("ops", "DELETE", "/v1/locks/a%2F1?force=true").status == 200);
  auto token = token_in(server.ask("a", "POST", "/v1/locks/a%2F1", acquire("o")));
  // Its clients must learn that it is lost, and not only that they may not renew it.
  CHECK(server.ask("b", "PUT", "/v1/locks/a%2F1", R"({"owner":"o","token":)" + lost + '}').status
        == 409);
  CHECK(server.ask("b", "DELETE", "/v1/locks/a%2F1?owner=o&token=" + lost).status == 409);
  CHECK(server.ask("b", "DELETE", "/v1/locks/a%2F1?owner=o&token=" + token).status == 403);
  CHECK(server.ask("a", "DELETE", "/v1/locks/a%2F1?owner=o&token=" + lost).status == 409);
  CHECK(server.ask("a", "GET", "/VERIFY/a%2F1/o").body == "1\n");
}
