// How the client reads answers of the JSON dialect, and what is none.
#include "actors/rules/safe_time.hpp"
#include "net/client/v1_answer.hpp"

#include "tests/support/answers.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace lockserver;
using namespace std::chrono_literals;

namespace {

const std::string server = "host port 8004";
const boot_clock::time_point sent{1000s};

exchange_result body(std::string text, unsigned status = 200) {
  exchange_result result;
  result.status = status;
  result.body = std::move(text);
  return result;
}

client::answer<client::grant> grant_of(std::string text, unsigned status = 200) {
  return v1::read_grant(body(std::move(text), status), server, {"k", "me", sent});
}

const std::string granted = R"({"key":"k","owner":"me","mode":"shared","token":42,"ttl_ms":30000,)"
                            R"("expires_at_ms":1700000000123,"waited_ms":2000,"more":[]})";

} // namespace

TEST_CASE("a grant is read with all that it says") {
  auto x = grant_of(granted);
  REQUIRE(x);
  CHECK(x->key == "k");
  CHECK(x->owner == "me");
  CHECK(x->mode == client::lock_mode::shared);
  CHECK(x->token == 42);
  CHECK(x->ttl == 30s);
  CHECK(x->waited == 2s);
  CHECK(x->expires_at == std::chrono::system_clock::time_point{1700000000123ms});
}

TEST_CASE("a grant is safe for its time from before it was sent, less a hundredth") {
  CHECK(grant_of(granted)->safe_until == sent + 32s - 320ms);
  CHECK(safety_margin(10ms) == 2ms);
  CHECK(safety_margin(1h) == 36s);
}

TEST_CASE("times that would overflow a clock do not") {
  auto x = grant_of(R"({"key":"k","owner":"me","mode":"exclusive","token":1,)"
                    R"("ttl_ms":9223372036854775807,"expires_at_ms":9223372036854775807,)"
                    R"("waited_ms":-5})");
  REQUIRE(x);
  CHECK(x->safe_until > sent);
  CHECK(x->waited == 0ms);
}

TEST_CASE("what is not a grant is an error and never one") {
  for (
    std::string text :
    {"", "null", "[]", "1479000000.123456", "{", "{}", R"({"key":"k"})",
     R"({"key":"k","owner":"me","mode":"odd","token":1,"ttl_ms":1,"expires_at_ms":1,"waited_ms":0})",
     R"({"key":"k","owner":"me","mode":"shared","token":-1,"ttl_ms":1,"expires_at_ms":1,"waited_ms":0})",
     R"({"key":"k","owner":"me","mode":"shared","token":"1","ttl_ms":1,"expires_at_ms":1,"waited_ms":0})",
     R"({"key":"k","owner":"me","mode":"shared","token":1.5,"ttl_ms":1,"expires_at_ms":1,"waited_ms":0})"}) {
    INFO(text);
    auto x = grant_of(text);
    CHECK(!x);
    CHECK(x.error() == errc::bad_answer);
    CHECK_THAT(x.error().detail, Catch::Matchers::StartsWith(server));
  }
}

TEST_CASE("a problem is read with all that it says") {
  auto x = grant_of(R"({"type":"about:blank","title":"Locked","status":423,"code":"held",)"
                    R"("detail":"key is held","queue_length":3,"holders":[{"owner":"you",)"
                    R"("mode":"exclusive","token":7,"ttl_ms":null,"held_ms":10,"metadata":"m"}]})",
                    423);
  REQUIRE(!x);
  CHECK(x.error() == errc::held);
  CHECK(x.error() == std::errc::device_or_resource_busy);
  auto why = x.error();
  CHECK(why.detail == "key is held");
  CHECK(why.queue_length == 3);
  REQUIRE(why.holders.size() == 1);
  CHECK(why.holders[0].owner == "you");
  CHECK(why.holders[0].token == 7);
  CHECK(!why.holders[0].ttl);
  CHECK(why.holders[0].held == 10ms);
  CHECK(why.holders[0].metadata == "m");
  CHECK_THROWS_AS(x.value(), std::system_error);
}

TEST_CASE("each code that a server can answer is an error of its own") {
  auto error = [](std::string_view code, int status) {
    return grant_of("{\"code\":\"" + std::string{code} + "\",\"detail\":\"d\"}",
                    static_cast<unsigned>(status))
      .error();
  };
  for (auto& x : outcomes)
    if (x.status >= 400) {
      INFO(x.name);
      CHECK(error(x.name, x.status) == errc_of(x.name).value());
    }
  CHECK(error("of a later version", 418) == errc::bad_request);
  CHECK(error("of a later version", 599) == errc::internal);
  CHECK(error("of a later version", 503) == errc::unavailable);
  CHECK(error("cancelled", 500) == errc::internal); // no server says so
}

TEST_CASE("the passing states of a server are worth another try") {
  for (std::string code : {"stopping", "recovering", "no_answer", "restart_grace"}) {
    INFO(code);
    auto x = grant_of("{\"code\":\"" + code + "\",\"detail\":\"d\"}", 503);
    CHECK(x.error() == std::errc::resource_unavailable_try_again);
    CHECK(row_of(static_cast<errc>(x.error().code.value())).retry);
  }
}

TEST_CASE("a proxy's error pages are errors by their status") {
  CHECK(grant_of("<html>", 401).error() == errc::unauthenticated);
  CHECK(grant_of("<html>", 403).error() == errc::forbidden);
  CHECK(grant_of("<html>", 404).error() == errc::bad_answer);
  CHECK(grant_of("<html>", 429).error() == errc::too_many);
  CHECK(grant_of("<html>", 500).error() == errc::internal);
  CHECK(grant_of("<html>", 502).error() == errc::unavailable);
  CHECK(grant_of("<html>", 504).error() == errc::unavailable);
  CHECK(grant_of("<html>", 503).error() == errc::unavailable);
}

TEST_CASE("no answer is the connection's error") {
  exchange_result x;
  x.error = errc::timeout;
  auto result = v1::read_lock(x, server, "k");
  CHECK(result.error() == errc::timeout);
  CHECK(result.error().detail == "host port 8004: no answer in time");
}

TEST_CASE("a lock is read with its holders and its queue") {
  auto x = v1::read_lock(
    body(R"({"key":"k","holders":[{"owner":"a","mode":"shared","token":1,"ttl_ms":5,"held_ms":6}],)"
         R"("queue":[{"owner":"b","mode":"exclusive","waiting_ms":7}],"limit":2})"),
    server, "k");
  REQUIRE(x);
  CHECK(x->holders.at(0).ttl == 5ms);
  CHECK(x->queue.at(0).owner == "b");
  CHECK(x->queue.at(0).waiting == 7ms);
  CHECK(x->queue_length == 1);
  CHECK(x->holder_count == 1);
  CHECK(x->limit == 2);
}

TEST_CASE("holders and waiters have the identities that the server names") {
  auto lock = [](const std::string& identity) {
    return v1::read_lock(
      body(R"({"key":"k","holders":[{"owner":"a","mode":"shared","token":1,"ttl_ms":5,"held_ms":6)"
           + identity + R"(}],"queue":[{"owner":"b","mode":"exclusive","waiting_ms":7)" + identity
           + "}]}"),
      server, "k");
  };
  auto x = lock(R"(,"identity":"ci")");
  REQUIRE(x);
  CHECK(x->holders.at(0).identity == "ci");
  CHECK(x->queue.at(0).identity == "ci");
  for (std::string none : {"", R"(,"identity":null)"}) {
    x = lock(none);
    REQUIRE(x);
    CHECK(x->holders.at(0).identity.empty());
    CHECK(x->queue.at(0).identity.empty());
  }
  CHECK(lock(R"(,"identity":7)").error() == errc::bad_answer);
}

TEST_CASE("what a client may do is read with all that it says") {
  auto x = v1::read_access(
    body(
      R"({"identity":"ci","roles":["deployer"],"rights":[{"keys":"deploy/","allow":["acquire"]},)"
      R"({"keys":"","allow":["read"]},{"allow":["metrics","admin"]}],"owners":["ci","ci/*"]})"),
    server);
  REQUIRE(x);
  using texts = std::vector<std::string>;
  CHECK(x->identity == "ci");
  CHECK(x->roles == texts{"deployer"});
  REQUIRE(x->rights.size() == 3);
  CHECK(x->rights[0].keys == "deploy/");
  CHECK(x->rights[0].allow == texts{"acquire"});
  CHECK(x->rights[1].keys == "");
  CHECK(x->rights[2].keys == std::nullopt);
  CHECK(x->rights[2].allow == texts{"metrics", "admin"});
  CHECK(x->owners == texts{"ci", "ci/*"});
}

TEST_CASE("an anonymous client has no identity") {
  auto x = v1::read_access(body(R"({"identity":null,"roles":[],"rights":[],"owners":["*"]})"),
                           server);
  REQUIRE(x);
  CHECK(x->identity.empty());
  CHECK(x->roles.empty());
}

TEST_CASE("rights that make no sense are none") {
  for (std::string text :
       {"{}", R"({"identity":"ci","roles":["a"],"rights":[]})",
        R"({"identity":1,"roles":[],"rights":[],"owners":[]})",
        R"({"identity":"ci","roles":[1],"rights":[],"owners":[]})",
        R"({"identity":"ci","roles":"a","rights":[],"owners":[]})",
        R"({"identity":"ci","roles":[],"rights":["read"],"owners":[]})",
        R"({"identity":"ci","roles":[],"rights":[{"keys":""}],"owners":[]})",
        R"({"identity":"ci","roles":[],"rights":[{"keys":1,"allow":[]}],"owners":[]})"}) {
    INFO(text);
    CHECK(v1::read_access(body(text), server).error() == errc::bad_answer);
  }
}

TEST_CASE("a refusal says which right is missing") {
  auto x = v1::read_access(
    body(R"({"code":"forbidden","detail":"the client needs the right admin","right":"admin"})",
         403),
    server);
  CHECK(x.error() == errc::forbidden);
  CHECK(x.error() == std::errc::permission_denied);
  CHECK(x.error().detail == "the client needs the right admin");
}

TEST_CASE("a lock of which not all is shown tells how much there is") {
  auto x = v1::read_lock(
    body(R"({"key":"k","holders":[],"holder_count":30,"queue":[],"queue_length":40})"), server,
    "k");
  REQUIRE(x);
  CHECK(x->holder_count == 30);
  CHECK(x->queue_length == 40);
}

TEST_CASE("a page is read with its next") {
  auto x = v1::read_page(
    body(R"({"locks":[{"key":"k","holders":[],"queue_length":4}],"next":"k"})"), server, "");
  REQUIRE(x);
  CHECK(x->locks.at(0).queue_length == 4);
  CHECK(x->next == "k");
  CHECK(!v1::read_page(body(R"({"locks":[],"next":null})"), server, "")->next);
  CHECK(!v1::read_page(body(R"({"locks":[]})"), server, "")->next);
  CHECK(!v1::read_page(body(R"({"next":null})"), server, ""));
}

TEST_CASE("leases are read") {
  CHECK(v1::read_new_lease(body(R"({"lease":"ab","ttl_ms":5})"), server)->id == "ab");
  auto x = v1::read_lease_info(body(R"({"lease":"ab","ttl_ms":5,"locks":[{"key":"k","token":3}]})"),
                               server, "ab");
  REQUIRE(x);
  CHECK(x->locks.at(0).key == "k");
  CHECK(x->locks.at(0).token == 3);
  CHECK(!x->next);
  x = v1::read_lease_info(body(R"({"lease":"ab","ttl_ms":5,"locks":[],"next":"k"})"), server, "ab");
  REQUIRE(x);
  CHECK(x->next == "k");
  CHECK(*v1::read_released(body(R"({"released":false})"), server) == false);
}

TEST_CASE("the answer to another request is none") {
  CHECK(v1::read_grant(body(granted), server, {"k", "me", sent}));
  for (auto& [key, owner] : {std::pair{"other", "me"}, {"k", "you"}, {"k", "m"}, {"K", "me"}}) {
    auto x = v1::read_grant(body(granted), server, {key, owner, sent});
    CHECK(x.error() == errc::bad_answer);
  }
  auto lock = body(R"({"key":"k","holders":[],"queue_length":0})");
  CHECK(v1::read_lock(lock, server, "k"));
  CHECK(v1::read_lock(lock, server, "l").error() == errc::bad_answer);
  auto lease = body(R"({"lease":"ab","ttl_ms":5,"locks":[]})");
  CHECK(v1::read_lease(lease, server, "ab"));
  CHECK(v1::read_lease(lease, server, "cd").error() == errc::bad_answer);
  CHECK(v1::read_lease_info(lease, server, "cd").error() == errc::bad_answer);
  CHECK(v1::read_lease_end(lease, server, "cd").error() == errc::bad_answer);
  CHECK(v1::read_release(lease, server).error() == errc::bad_answer);
  CHECK(v1::read_release(body(granted), server).error() == errc::bad_answer);
}

TEST_CASE("a list that would have no end is no answer") {
  auto page = body(R"({"locks":[],"next":"k"})");
  CHECK(v1::read_page(page, server, "j"));
  CHECK(v1::read_page(page, server, "k").error() == errc::bad_answer);
  CHECK(v1::read_page(page, server, "l").error() == errc::bad_answer);
}

TEST_CASE("of a release that was sent before, not_holder says that it worked") {
  auto x = body(R"({"code":"not_holder","detail":"d"})", 409);
  CHECK(v1::read_release(x, server).error() == errc::not_holder);
  x.repeated = true;
  CHECK(v1::read_release(x, server));
  CHECK(v1::read_released(x, server).error() == errc::not_holder); // nobody's token
  auto lease = body(R"({"code":"lease_expired","detail":"d"})", 410);
  CHECK(v1::read_lease_end(lease, server, "ab").error() == errc::lease_expired);
  lease.repeated = true;
  CHECK(v1::read_lease_end(lease, server, "ab"));
}

TEST_CASE("what a server says is cut to a length that can be shown") {
  std::string many;
  while (many.size() < 100'000)
    many += "é";
  auto x = grant_of(R"({"code":"held","detail":")" + many + R"(","queue_length":1,"holders":[{)"
                      + R"("owner":")" + many + R"(","mode":"exclusive","token":7,"ttl_ms":1,)"
                      + R"("held_ms":10,"metadata":"x)" + many + R"("}]})",
                    423);
  CHECK(x.error() == errc::held);
  CHECK(x.error().detail == many.substr(0, 1024));
  CHECK(x.error().holders.at(0).owner == many.substr(0, 512));
  CHECK(x.error().holders.at(0).metadata == "x" + many.substr(0, 1022)); // no half character
}

TEST_CASE("a name that no server takes is no answer") {
  auto key = std::string(513, 'k');
  CHECK(v1::read_page(body(R"({"locks":[{"key":")" + key
                           + R"(","holders":[],"queue_length":0}],"next":null})"),
                      server, "")
          .error()
        == errc::bad_answer);
  CHECK(v1::read_page(body(R"({"locks":[],"next":""})"), server, "").error() == errc::bad_answer);
  CHECK(v1::read_new_lease(body(R"({"lease":"","ttl_ms":5})"), server).error() == errc::bad_answer);
}

TEST_CASE("a problem tells when to ask again") {
  auto x = body(R"({"code":"restart_grace","detail":"d"})", 503);
  CHECK(!v1::read_release(x, server).error().retry_after);
  x.retry_after = 7s;
  CHECK(v1::read_release(x, server).error().retry_after == 7s);
  x.body = "<html>";
  CHECK(v1::read_release(x, server).error().retry_after == 7s);
  x.status = 404; // it does not get better by waiting
  CHECK(!v1::read_release(x, server).error().retry_after);
}

TEST_CASE("the server's settings are read, those of a later version left out") {
  auto x = v1::read_server(
    body(R"({"name":"n","version":"1","uptime_ms":5,"settings":{"threads":2,"allow_shutdown":true,)"
         R"("sync":"full","later":{"x":1}},"counts":{"keys":1,"holders":2,"waiters":3,)"
         R"("connections":4,"leases":5,"commits":6,"decisions":7}})"),
    server);
  REQUIRE(x);
  CHECK(x->settings
        == std::map<std::string, client::setting_value>{
          {"threads", std::int64_t{2}}, {"allow_shutdown", true}, {"sync", std::string{"full"}}});
  CHECK(x->counts.leases == 5);
  CHECK(x->counts.decisions == 7);
}
