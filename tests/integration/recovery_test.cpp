// What clients are told while a server takes up the locks in its store.
#include "store/sqlite/sqlite_store.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/running_server.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

using namespace lockserver;
using namespace std::chrono_literals;
using namespace ::test;

namespace {

// `count` locks that are held for an hour, as an earlier server would leave them.
void fill(const std::string& directory, std::uint64_t count) {
  sqlite_store store{directory, sync_mode::off};
  grant_record grant;
  grant.owner = "owner";
  grant.ttl = 1h;
  grant.since = read_machine_clock().steady;
  grant.expires_at = grant.since + grant.ttl;
  std::vector<grant_record> grants(count, grant);
  std::vector<std::string> keys; // the batch only refers to them
  for (std::uint64_t i = 1; i <= count; ++i)
    keys.push_back("key" + std::to_string(i));
  store_batch batch;
  for (std::uint64_t i = 0; i < count; ++i) {
    grants[i].token = i + 1;
    batch.grants.emplace_back(keys[i], &grants[i]);
  }
  REQUIRE(store.commit(batch).problem.empty());
}

std::uint16_t free_port() {
  using boost::asio::ip::tcp;
  boost::asio::io_context io;
  return tcp::acceptor{io, {boost::asio::ip::address_v4::loopback(), 0}}.local_endpoint().port();
}

// The answer of a server that may not have opened its port; else status 0.
response early_answer(std::uint16_t port, std::string_view target) {
  try {
    return raw_client{port}.send(get(target, "Connection: close\r\n")).answer();
  } catch (const std::runtime_error&) {
    return {};
  }
}

} // namespace

TEST_CASE("a server that takes up its locks says so, and nothing about any of them", "[net]") {
  lockserver::test::temporary_directory directory;
  constexpr std::uint64_t count = 100'000;
  fill(directory.path(), count);
  settings config;
  config.port = free_port();
  config.data_dir = directory.path();
  config.sync = sync_mode::off;
  int seen = 0;
  // The last that is taken up. Should the machine have kept the client away for
  // all that time, then once more.
  auto last = "/v1/locks/key" + std::to_string(count);
  for (int tries = 0; seen == 0 && tries < 20; ++tries) {
    server it{config};
    std::error_code failed;
    std::atomic<bool> started{false};
    std::thread starts{[&] {
      failed = it.start();
      started = true;
    }};
    while (!started) {
      auto ready = early_answer(config.port, "/readyz");
      if (ready.status != 503)
        continue;
      ++seen;
      CHECK(ready.body.find(R"("code":"recovering")") != std::string::npos);
      for (auto target : {last, std::string{"/CHECK/key1"}, std::string{"/v1/locks?limit=1"}}) {
        auto answer = early_answer(config.port, target);
        CAPTURE(target, answer.body);
        // It may be ready by now.
        CHECK((answer.status == 503 || answer.status == 200));
        CHECK((answer.body != "0\n" || answer.status == 503));
        CHECK(answer.body.find(R"("holders":[])") == std::string::npos);
      }
      CHECK(early_answer(config.port, "/healthz").status == 200);
    }
    starts.join();
    REQUIRE(!failed);
    CHECK(early_answer(config.port, "/readyz").status == 200);
    CHECK(early_answer(config.port, "/CHECK/key1").body == "1\n");
    CHECK(eventually([&] { return it.count().holders == count; }));
  }
  CHECK(seen > 0);
}
