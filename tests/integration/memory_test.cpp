// What locks leave behind when they are over: nothing.
#include "tests/support/catch.hpp"
#include "tests/support/running_server.hpp"

#include <malloc.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

using namespace lockserver;
using namespace std::chrono_literals;
using namespace test;

// Sanitizers keep freed memory for a while.
#if !defined(__SANITIZE_ADDRESS__)

namespace {

struct memory {
  std::size_t allocated;
  std::size_t resident;
};

// What the program has in use, without what the allocator keeps.
std::size_t allocated_kilobytes() {
  auto x = mallinfo2();
  return (x.uordblks + x.hblkhd) / 1024;
}

std::size_t resident_kilobytes() {
  std::size_t pages = 0;
  std::ifstream{"/proc/self/statm"} >> pages >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) / 1024;
}

// Takes and gives back `count` locks of keys that were never used before.
void use_keys(running_server& server, std::size_t count) {
  static std::size_t last = 0;
  constexpr std::size_t batch = 250;
  std::vector<raw_client> clients(4);
  for (auto& x : clients)
    x = server.connect();
  for (std::size_t done = 0; done < count; done += batch * clients.size()) {
    for (auto& x : clients) {
      std::string requests;
      for (std::size_t i = 0; i < batch; ++i) {
        auto names = "some-key-" + std::to_string(++last) + "/some-client";
        requests += get("/LOCK/" + names) + get("/UNLOCK/" + names);
      }
      x.send(requests);
    }
    for (auto& x : clients)
      for (std::size_t i = 0; i < batch; ++i)
        if (!is_expiry(x.answer().body) || x.answer().body != "1\n")
          FAIL("a lock was not granted, or not released");
  }
}

bool gets_keys(running_server& server, std::size_t count) {
  return eventually([&] { return server->count().keys == count; });
}

} // namespace

TEST_CASE("200,000 keys leave no memory behind", "[net][slow]") {
  running_server server;
  auto rest = [&](std::string_view when) {
    REQUIRE(gets_keys(server, 0));
    REQUIRE(server.gets_connections(0));
    memory result{allocated_kilobytes(), resident_kilobytes()};
    std::cout << when << ": " << result.allocated << " KiB allocated, " << result.resident
              << " KiB resident\n";
    return result;
  };
  // The first keys grow what is then kept: buckets, free lists, message pools.
  use_keys(server, 20'000);
  auto before = rest("before");
  use_keys(server, 200'000);
  std::cout << server->count().keys << " idle keys: " << resident_kilobytes() << " KiB resident\n";
  auto after = rest("after 200,000 keys");
  CHECK(after.allocated < before.allocated + 2 * 1024);
  // The allocator need not give back at once what was freed, but it uses it.
  CHECK(after.resident < before.resident + 128 * 1024);
  use_keys(server, 100'000);
  auto again = rest("after 100,000 more");
  CHECK(again.allocated < after.allocated + 2 * 1024);
  CHECK(again.resident < after.resident + 64 * 1024);
  malloc_trim(0);
  CHECK(rest("trimmed").resident < before.resident + 16 * 1024);
}

#endif
