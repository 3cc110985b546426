// What the client sends in the JSON dialect, to the letter.
#include "actors/rules/random_name.hpp"
#include "net/client/v1_request.hpp"

#include "tests/support/catch.hpp"

#include <boost/beast/http/verb.hpp>

#include <set>
#include <string>

using namespace lockserver;
using namespace std::chrono_literals;
namespace http = boost::beast::http;

TEST_CASE("an acquire names what was set and nothing else") {
  auto x = v1::acquire("a/b c", "me", {});
  CHECK(x.call.method == http::verb::post);
  CHECK(x.call.target == "/v1/locks/a%2Fb%20c");
  CHECK(x.call.body == R"({"owner":"me"})");
  CHECK(!x.repeatable);
  CHECK(!x.wait); // as long as the server pleases
  CHECK(x.wrong.empty());

  client::acquire_options all;
  all.ttl = 30s;
  all.wait = 0ms;
  all.mode = client::lock_mode::shared;
  all.limit = 3;
  all.request_id = "id";
  all.metadata = "a \"text\"";
  x = v1::acquire("key", "me", all);
  CHECK(x.call.body
        == R"({"owner":"me","ttl_ms":30000,"wait_ms":0,"mode":"shared","limit":3,)"
           R"("request_id":"id","metadata":"a \"text\""})");
  CHECK(x.repeatable);
  CHECK(x.wait == 0ms);

  client::acquire_options leased;
  leased.lease = "abc";
  CHECK(v1::acquire("key", "me", leased).call.body == R"({"owner":"me","lease":"abc"})");

  client::acquire_options bound;
  bound.hold = client::lock_hold::connection;
  x = v1::acquire("key", "me", bound);
  CHECK(x.call.body == R"({"owner":"me","hold":"connection"})");
  CHECK(x.call.binds);
}

TEST_CASE("renew and release name the token only when there is one") {
  CHECK(v1::renew("key", "me", 0, {}).call.body == R"({"owner":"me"})");
  auto x = v1::renew("key", "me", 7, 1500ms);
  CHECK(x.call.method == http::verb::put);
  CHECK(x.call.body == R"({"owner":"me","token":7,"ttl_ms":1500})");
  CHECK(x.repeatable);
  CHECK(v1::release("key", "me&you", 0).call.target == "/v1/locks/key?owner=me%26you");
  x = v1::release("key", "me", 7);
  CHECK(x.call.method == http::verb::delete_);
  CHECK(x.call.target == "/v1/locks/key?owner=me&token=7");
  CHECK(x.call.body.empty());
  CHECK(!x.repeatable);
  CHECK(v1::force_release("key").call.target == "/v1/locks/key?force=true");
}

TEST_CASE("a list names what was set and nothing else") {
  CHECK(v1::list({}).call.target == "/v1/locks");
  CHECK(v1::list({"a/", 10, "a/b"}).call.target == "/v1/locks?prefix=a%2F&limit=10&after=a%2Fb");
  CHECK(v1::list({"", {}, "x"}).call.target == "/v1/locks?after=x");
  CHECK(v1::list({}).repeatable);
}

TEST_CASE("leases have paths of their own") {
  auto x = v1::create_lease(2s, "me");
  CHECK(x.call.target == "/v1/leases");
  CHECK(x.call.body == R"({"ttl_ms":2000,"owner":"me"})");
  CHECK(!x.repeatable);
  CHECK(v1::create_lease({}, "").call.body == "{}");
  x = v1::renew_lease("ab");
  CHECK(x.call.method == http::verb::put);
  CHECK(x.call.target == "/v1/leases/ab");
  CHECK(v1::inspect_lease("ab", {}).call.method == http::verb::get);
  CHECK(v1::inspect_lease("ab", {}).call.target == "/v1/leases/ab");
  CHECK(v1::inspect_lease("ab", {10, "a/b"}).call.target == "/v1/leases/ab?limit=10&after=a%2Fb");
  CHECK(v1::end_lease("ab").call.method == http::verb::delete_);
}

TEST_CASE("a client asks for its rights without naming itself") {
  CHECK(v1::access().call.target == "/v1/access");
  CHECK(v1::access().call.body.empty());
  CHECK(v1::access().repeatable);
}

TEST_CASE("a token is sent with each request and none is not") {
  auto head = [](const std::string& token) {
    return to_request(v1::access().call, "localhost:8004", token);
  };
  CHECK(head("lsk_abc")[http::field::authorization] == "Bearer lsk_abc");
  CHECK(head("").count(http::field::authorization) == 0);
}

TEST_CASE("a token that could break into a header is refused and not repeated") {
  for (std::string token : {"", "lsk_abc", "!~", "a,b\"c"})
    CHECK(check_token(token).empty());
  CHECK(check_token(std::string(512, 't')).empty());
  for (std::string token :
       {std::string{"se cret"}, std::string{"secret\r\nX: y"}, std::string{"secret "},
        std::string{"secret\x7f"}, std::string{"secr\xc3\xa9t"}, std::string{"secret\0", 7},
        std::string(513, 't')}) {
    CHECK(check_token(token)
          == "a token must have at most 512 visible ASCII characters and no spaces, as "
             "'lockserver-caf token' prints it");
  }
}

TEST_CASE("what no server takes is said and not to be sent") {
  using Catch::Matchers::StartsWith;
  CHECK_THAT(v1::acquire("", "me", {}).wrong, StartsWith("key is empty"));
  CHECK_THAT(v1::acquire("key", "a\nb", {}).wrong, StartsWith("owner has a control"));
  CHECK_THAT(v1::renew("", "me", 1, {}).wrong, StartsWith("key"));
  CHECK_THAT(v1::release("key", "", 1).wrong, StartsWith("owner"));
  CHECK_THAT(v1::inspect("\xFF").wrong, StartsWith("key is not UTF-8"));
  CHECK_THAT(v1::list({"\n", {}, ""}).wrong, StartsWith("prefix"));
  CHECK_THAT(v1::end_lease("").wrong, StartsWith("lease"));
}

TEST_CASE("request ids are long and all different") {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    auto id = random_name();
    CHECK(id.size() == 32);
    CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
    seen.insert(id);
  }
  CHECK(seen.size() == 1000);
}

TEST_CASE("a second try waits for what is left of the first") {
  client::acquire_options x;
  CHECK(!v1::remaining(x, 1s).wait);
  x.wait = 5s;
  CHECK(v1::remaining(x, 2s).wait == 3s);
  CHECK(v1::remaining(x, 6s).wait == 0ms);
}
