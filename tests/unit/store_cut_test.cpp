// SQLite's promise, shown on our tables: wherever the log of commits is cut, a
// whole number of them is there.
#include "store/sqlite/sqlite_store.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/log_end.hpp"
#include "tests/support/stored.hpp"
#include "tests/support/temporary_directory.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace lockserver;
using namespace lockserver::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

// Where thousands of stores are opened that nobody needs to keep: in memory,
// since a disk would be asked to write each.
fs::path in_memory() {
  fs::path result{"/dev/shm"};
  return fs::is_directory(result) ? result : fs::path{};
}

} // namespace

TEST_CASE("wherever the last commits are cut off, the first of them are there, and whole") {
  machine on;
  temporary_directory original;
  std::vector<std::string> states; // after each commit
  std::uintmax_t begin = 0;        // of the commits that are to be cut
  auto file = [](const fs::path& directory, const char* name) { return directory / name; };
  sqlite_store store{original.path(), sync_mode::always, on.clock()};
  commit(store, {{"a", grant_now(on, 1, "o", 1h)}, {"b", grant_now(on, 2, "o", 1h)}});
  states.push_back(contents_of(store).text());
  begin = end_of_log(file(original.path(), "locks.db-wal"));
  // Hand-overs, each one of which is an end and a grant.
  for (std::uint64_t i = 3; i < 5; ++i) {
    commit(store, {{"a", grant_now(on, i, "o" + std::to_string(i), 1h)}}, {i == 3 ? 1 : i - 1});
    states.push_back(contents_of(store).text());
  }
  auto end = end_of_log(file(original.path(), "locks.db-wal"));
  REQUIRE(end > begin);
  std::size_t last = 0;
  std::vector<std::size_t> wrong;
  temporary_directory cut{in_memory()};
  // Not each: a prime, so that all parts of a page have their turn.
  for (auto size = begin + (end - begin) % 7; size <= end; size += 7) {
    for (auto& x : fs::directory_iterator{cut.path()})
      fs::remove(x);
    fs::copy_file(file(original.path(), "locks.db"), file(cut.path(), "locks.db"));
    fs::copy_file(file(original.path(), "locks.db-wal"), file(cut.path(), "locks.db-wal"));
    fs::resize_file(file(cut.path(), "locks.db-wal"), size);
    sqlite_store recovered{cut.path(), sync_mode::off, on.clock()};
    auto found = std::find(states.begin(), states.end(), contents_of(recovered).text());
    auto index = static_cast<std::size_t>(found - states.begin());
    if (index < last || index == states.size())
      wrong.push_back(size);
    last = std::max(last, index);
  }
  CHECK(wrong.empty());
  CHECK(last == states.size() - 1);
}

TEST_CASE("whatever byte of the last commit is spoiled, those before it are there") {
  machine on;
  temporary_directory original;
  sqlite_store store{original.path(), sync_mode::always, on.clock()};
  commit(store, {{"a", grant_now(on, 1, "o", 1h)}});
  auto before = contents_of(store).text();
  auto wal = original.path() / "locks.db-wal";
  auto begin = end_of_log(wal);
  commit(store, {{"a", grant_now(on, 2, "p", 1h)}}, {1});
  auto after = contents_of(store).text();
  auto end = end_of_log(wal);
  REQUIRE(end > begin);
  std::vector<std::size_t> wrong;
  temporary_directory spoiled{in_memory()};
  // As above.
  for (auto place = begin; place < end; place += 7) {
    for (auto& x : fs::directory_iterator{spoiled.path()})
      fs::remove(x);
    fs::copy_file(original.path() / "locks.db", spoiled.path() / "locks.db");
    fs::copy_file(wal, spoiled.path() / "locks.db-wal");
    {
      std::fstream bytes{spoiled.path() / "locks.db-wal",
                         std::ios::in | std::ios::out | std::ios::binary};
      bytes.seekg(static_cast<std::streamoff>(place));
      auto old = static_cast<char>(bytes.get());
      bytes.seekp(static_cast<std::streamoff>(place));
      bytes.put(static_cast<char>(~old));
    }
    sqlite_store recovered{spoiled.path(), sync_mode::off, on.clock()};
    if (contents_of(recovered).text() != before)
      wrong.push_back(place);
  }
  CHECK(after == "a p");
  CHECK(wrong.empty());
}
