// How the access file changes while the server serves, and what the audit log says.
#include "tests/support/access_server.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace lockserver;
using namespace std::chrono_literals;
using namespace ::test;

namespace {

// `a` with the rights of a line, and `b`, which may always acquire everything.
std::string rules_with(const std::string& line_of_a) {
  return R"({ "identities": {
      "a": {"tokens": [)"
         + hash_of_token("a") + R"(], "roles": ["a"], "owners": ["*"]},
      "b": {"tokens": [)"
         + hash_of_token("b") + R"(], "roles": ["b"], "owners": ["*"]} },
    "roles": { "a": [)"
         + line_of_a + R"(],
               "b": [ {"keys": "", "allow": ["acquire", "force"]} ] } })";
}

const std::string may_acquire = R"({"keys": "", "allow": ["acquire"]})";
const std::string may_read = R"({"keys": "", "allow": ["read"]})";

const std::string takes = R"({"owner":"o","ttl_ms":600000,"wait_ms":0})";
const std::string waits = R"({"owner":"o","wait_ms":60000})";

std::string content(const std::string& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace

TEST_CASE("who waits and may not acquire any more is refused at once", "[net][access]") {
  auto threads = GENERATE(1u, 3u);
  access_server server{rules_with(may_acquire), {.threads = threads}};
  REQUIRE(server.ask("b", "POST", "/v1/locks/key", takes).status == 200);
  REQUIRE(server.ask("a", "POST", "/v1/locks/mine", takes).status == 200);
  std::vector<raw_client> losers;
  std::vector<raw_client> others;
  for (int i = 0; i < 20; ++i) {
    auto as = [i](const std::string& who) {
      return request_of(who, "POST", "/v1/locks/key",
                        R"({"owner":"o)" + std::to_string(i) + R"(","wait_ms":60000})");
    };
    losers.push_back(server.connect());
    losers.back().send(as("a"));
    others.push_back(server.connect());
    others.back().send(as("b"));
  }
  REQUIRE((*server).gets_waiters(40));
  server.change(rules_with(may_read));
  for (auto& x : losers)
    CHECK(x.answer().status == 403);
  CHECK((*server).gets_waiters(20));
  for (auto& x : others)
    CHECK(x.silent());
  // What it holds it keeps until its time is over; it cannot renew it.
  CHECK(server.ask("a", "GET", "/VERIFY/mine/o").body == "1\n");
  CHECK(server.ask("a", "PUT", "/v1/locks/mine", takes.substr(0, 12) + '}').status == 403);
  CHECK(server.ask("b", "DELETE", "/v1/locks/key?owner=o").status == 200);
  CHECK((*server).gets_waiters(19)); // one of the others has it
}

TEST_CASE("a token that is revoked is of no use at once, also to a client that is there",
          "[net][access]") {
  access_server server{rules_with(may_acquire)};
  REQUIRE(server.ask("b", "POST", "/v1/locks/key", takes).status == 200);
  auto waiter = server.connect();
  waiter.send(request_of("a", "POST", "/v1/locks/key", waits));
  auto idle = server.connect();
  REQUIRE(idle.send(request_of("a", "GET", "/CHECK/key")).answer().body == "1\n");
  REQUIRE((*server).gets_waiters(1));
  auto next = rules_with(may_acquire);
  next.replace(next.find(hash_of_token("a")), hash_of_token("a").size(), hash_of_token("new"));
  server.change(next);
  CHECK(waiter.answer().status == 401);
  CHECK(idle.send(request_of("a", "GET", "/CHECK/key")).answer().status == 401);
  CHECK(server.ask("new", "GET", "/CHECK/key").body == "1\n");
}

TEST_CASE("an access file that is wrong changes nothing", "[net][access]") {
  access_server server{rules_with(may_acquire)};
  auto wrong = GENERATE("", "{", R"({"identities":{}, "rolls":{}})");
  server.change(wrong);
  CHECK(eventually([&] { return server->count().reload_failures == 1; }));
  CHECK(server.ask("a", "POST", "/v1/locks/key", takes).status == 200);
  CHECK(server.ask("", "GET", "/CHECK/key").status == 401);
}

TEST_CASE("a server does not start with an access file that is wrong", "[net][access]") {
  lockserver::test::temporary_directory folder;
  settings config;
  config.access = folder.file("access.json");
  auto start = [&] {
    lockserver::server server{running_server::on_free_port(config)};
    CHECK(server.start() == std::errc::io_error);
    return server.start_problem();
  };
  CHECK(start().find("access.json': cannot be read: No such file") != std::string::npos);
  std::ofstream{config.access} << R"({"identities": {"a": {"rolls": []}}})";
  std::filesystem::permissions(config.access, std::filesystem::perms::owner_all);
  CHECK(start().find("rolls") != std::string::npos);
  std::filesystem::permissions(config.access, std::filesystem::perms::all);
  CHECK(start().find("may be written by others") != std::string::npos);
}

TEST_CASE("identities stay with their locks and leases over a restart", "[net][access]") {
  lockserver::test::temporary_directory folder;
  settings config;
  config.data_dir = folder.file("data");
  std::string lease;
  {
    access_server server{rules_with(may_acquire), config};
    REQUIRE(server.ask("a", "POST", "/v1/locks/key", takes).status == 200);
    auto made = server.ask("a", "POST", "/v1/leases", R"({"ttl_ms":600000})");
    lease = made.body.substr(made.body.find(R"("lease":")") + 9, 32);
    REQUIRE(
      server.ask("a", "POST", "/v1/locks/leased", R"({"owner":"o","lease":")" + lease + R"("})")
        .status
      == 200);
  }
  access_server server{rules_with(may_acquire), config};
  CHECK(eventually([&] { return server.ask("", "GET", "/readyz").status == 200; }));
  CHECK(server.ask("b", "DELETE", "/v1/locks/key?owner=o").status == 403);
  CHECK(server.ask("b", "PUT", "/v1/leases/" + lease).status == 403);
  CHECK(server.ask("b", "GET", "/v1/locks/leased").body.find(R"("identity":"a")")
        != std::string::npos);
  CHECK(server.ask("a", "PUT", "/v1/leases/" + lease).status == 200);
  CHECK(server.ask("a", "DELETE", "/v1/locks/key?owner=o").status == 200);
}

TEST_CASE("the audit log says who was refused, and what operators did", "[net][access]") {
  settings config;
  config.audit_log = "yes";
  config.audit = GENERATE(audit_level::refusals, audit_level::changes);
  auto with_changes = config.audit == audit_level::changes;
  access_server server{rules_with(may_acquire), config};
  CHECK(server.ask("a", "POST", "/v1/locks/key", takes).status == 200);
  CHECK(server.ask("", "POST", "/v1/locks/key", takes).status == 401);
  CHECK(server.ask("b", "DELETE", "/v1/locks/key?owner=o").status == 403);
  CHECK(server.ask("a", "DELETE", "/v1/locks/key?force=true").status == 403);
  CHECK(server.ask("b", "DELETE", "/v1/locks/key?force=true").status == 200);
  server.change(rules_with(may_read));
  CHECK(eventually([&] {
    return content(server.file("audit.log")).find(R"("event":"reload")") != std::string::npos;
  }));
  auto log = content(server.file("audit.log"));
  CAPTURE(log);
  auto has = [&log](const std::string& event, const std::string& identity,
                    const std::string& outcome) {
    auto who = identity.empty() ? "null" : '"' + identity + '"';
    auto line = R"("event":")" + event + R"(","identity":)" + who;
    for (auto at = log.find(line); at != std::string::npos; at = log.find(line, at + 1))
      if (log.substr(at, log.find('\n', at) - at).find(R"("outcome":")" + outcome + '"')
          != std::string::npos)
        return true;
    return false;
  };
  CHECK(has("refused", "", "unauthenticated"));
  CHECK(has("refused", "a", "forbidden"));
  CHECK(has("refused", "b", "forbidden"));
  CHECK(has("force", "b", "ok"));
  CHECK(has("granted", "a", "ok") == with_changes);
  CHECK(has("ended", "a", "ok") == with_changes);
  CHECK(log.find(token_of("a")) == std::string::npos);
}

TEST_CASE("with audit-required operators do nothing that cannot be written", "[net][access]") {
  settings config;
  config.audit_log = "/dev/full";
  config.audit_required = true;
  config.allow_shutdown = true;
  access_server server{rules_with(may_acquire), config};
  CHECK(server.ask("a", "POST", "/v1/locks/key", takes).status == 200);
  auto refused = server.ask("b", "DELETE", "/v1/locks/key?force=true");
  CHECK(refused.status == 503);
  CHECK(refused.body.find(R"("code":"audit_failed")") != std::string::npos);
  CHECK(server.ask("a", "GET", "/VERIFY/key/o").body == "1\n");
  CHECK(server.ask("a", "DELETE", "/v1/locks/key?owner=o").status == 200); // locks go on
}

TEST_CASE("a waiting request is judged by who sent it, and not by who else uses the connection",
          "[net][access]") {
  auto rules = [](const std::string& a, const std::string& more, const std::string& anonymous) {
    return R"({ "identities": {
        ")" + a
           + R"(": {"tokens": [)" + hash_of_token("a") + R"(], "roles": ["all"], "owners": ["*"]},
        "b": {"tokens": [)"
           + hash_of_token("b") + R"(], "roles": ["all"], "owners": ["*"]})" + more + R"( },
      "roles": { "all": [ {"keys": "", "allow": ["acquire"]} ], "none": [] },
      "anonymous": {"roles": [")"
           + anonymous + R"("], "owners": ["*"]} })";
  };
  access_server server{rules("a", "", "all")};
  REQUIRE(server.ask("b", "POST", "/v1/locks/key", takes).status == 200);
  auto client = server.connect();
  REQUIRE(client.send(request_of("a", "GET", "/CHECK/key")).answer().status == 200);
  SECTION("who is anonymous there") {
    client.send(request_of("", "POST", "/v1/locks/key", waits));
    REQUIRE((*server).gets_waiters(1));
    SECTION("loses its place when anonymous clients do") {
      server.change(rules("a", "", "none"));
      CHECK(client.answer().status == 401);
    }
    SECTION("keeps it when the other does not exist any more") {
      server.change(rules("c", "", "all"));
      CHECK(eventually([&] {
        return server.ask("a", "GET", "/v1/access").body.find(R"("identity":"c")")
               != std::string::npos;
      }));
      CHECK(client.silent());
    }
  }
  SECTION("who has another name now loses its place, since the lock would be the old one's") {
    client.send(request_of("a", "POST", "/v1/locks/key", waits));
    REQUIRE((*server).gets_waiters(1));
    server.change(rules("c", "", "all"));
    CHECK(client.answer().status == 401);
  }
}

TEST_CASE("clients without rights cannot fill the audit log", "[net][access]") {
  settings config;
  config.audit_log = "yes";
  access_server server{rules_with(may_acquire), config};
  auto client = server.connect();
  for (int i = 0; i < 500; ++i)
    CHECK(client.send(request_of("", "GET", "/v1/locks/key")).answer().status == 401);
  auto log = content(server.file("audit.log"));
  auto lines = std::count(log.begin(), log.end(), '\n');
  CHECK(lines >= 20);
  CHECK(lines < 300);
}

TEST_CASE("a server does not start with an audit log that cannot be opened", "[net][access]") {
  settings config;
  config.audit_log = "/nowhere/audit.log";
  lockserver::server server{running_server::on_free_port(config)};
  CHECK(server.start() == std::errc::io_error);
  CHECK(server.start_problem().find("/nowhere/audit.log") != std::string::npos);
}
