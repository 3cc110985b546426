// Tells how much of a store's log is in use.
#pragma once

#include "store/sqlite/wal_check.hpp"
#include "tests/support/catch.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>

namespace lockserver::test {

/// Where the commits in a log end. Older ones may follow. The log must be sound.
inline std::uintmax_t end_of_log(const std::filesystem::path& wal) {
  std::ifstream in{wal, std::ios::binary};
  auto found = check_wal(in);
  REQUIRE(found.what == wal_report::sound);
  return found.position != 0 ? found.position : found.size;
}

} // namespace lockserver::test
