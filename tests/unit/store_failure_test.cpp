// A disk that is read-only, full or broken, and what the store makes of it.
#include "store/sqlite/sqlite_store.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/failing_disk.hpp"
#include "tests/support/stored.hpp"
#include "tests/support/temporary_directory.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <thread>

using namespace lockserver;
using namespace lockserver::test;
using namespace std::chrono_literals;

namespace {

struct fixture {
  fixture() {
    open();
    commit(*store, {{"k", grant_now(on, 1, "a", 1h)}});
  }
  void open() {
    store.reset();
    store.emplace(directory.path(), sync_mode::always, on.clock());
  }
  // a's lock goes to b.
  std::string hand_over() {
    return commit(*store, {{"k", grant_now(on, 2, "b", 1h)}}, {1});
  }
  std::string holders() const {
    return contents_of(*store).text();
  }
  // What is found if the machine ends now: only what is in the files.
  std::string after_crash() {
    temporary_directory copy;
    for (auto* name : {"locks.db", "locks.db-wal"})
      std::filesystem::copy(directory.file(name), copy.path());
    return contents_of(sqlite_store{copy.path(), sync_mode::always, on.clock()}).text();
  }
  // From the use of the disk on that comes after so many.
  void break_after(std::size_t uses, int code) {
    disk.uses = disk.failures = 0;
    disk.after = uses;
    disk.write = code;
    disk.sync = SQLITE_IOERR_FSYNC;
  }
  void heal() {
    disk.write = disk.sync = SQLITE_OK;
    disk.after = 0;
  }

  failing_disk disk;
  machine on;
  temporary_directory directory;
  std::optional<sqlite_store> store;
};

} // namespace

TEST_CASE("a disk that cannot be written changes nothing and is named, until it is well") {
  fixture x;
  std::string says;
  SECTION("full") {
    x.disk.write = SQLITE_FULL;
    says = "the disk of the store is full";
  }
  SECTION("read-only") {
    x.disk.write = SQLITE_READONLY;
    says = "the disk of the store is read-only";
  }
  SECTION("broken") {
    x.disk.write = SQLITE_IOERR_WRITE;
    says = "the store cannot be written: disk I/O error";
  }
  SECTION("broken when it is waited for") {
    x.disk.sync = SQLITE_IOERR_FSYNC;
    says = "the store cannot be written: disk I/O error";
  }
  for (int i = 0; i < 3; ++i) {
    CHECK(x.hand_over() == says);
    CHECK(x.holders() == "k a");
    CHECK(x.store->last_token() == 1);
  }
  x.heal();
  CHECK(x.hand_over().empty());
  CHECK(x.holders() == "k b");
  x.open();
  CHECK(x.holders() == "k b");
  CHECK(x.store->last_token() == 2);
}

TEST_CASE("at whichever use a disk breaks, a commit is whole or not there") {
  auto code = GENERATE(SQLITE_FULL, SQLITE_IOERR_WRITE);
  std::size_t refused = 0;
  for (std::size_t after = 0;; ++after) {
    CAPTURE(after);
    fixture x;
    x.break_after(after, code);
    auto wrong = x.hand_over();
    CHECK(x.holders() == (wrong.empty() ? "k b" : "k a"));
    x.heal();
    // The answer of a disk that breaks while it is waited for may be a lie.
    auto may_be = [&](const std::string& found) {
      if (wrong.empty())
        return found == "k b";
      return found == "k a" || (found == "k b" && x.disk.failed_at_sync);
    };
    auto found = x.after_crash();
    CAPTURE(found);
    CHECK(may_be(found));
    x.open();
    CHECK(may_be(x.holders()));
    if (wrong.empty())
      break;
    ++refused;
  }
  CHECK(refused >= 5); // heads and pages of two changes, and the wait
}

TEST_CASE("at whichever use a disk breaks, the same store goes on when it is well") {
  auto code = GENERATE(SQLITE_FULL, SQLITE_IOERR_WRITE);
  auto once = GENERATE(true, false);
  std::size_t refused = 0;
  for (std::size_t after = 0;; ++after) {
    CAPTURE(after, once);
    fixture x;
    x.break_after(after, code);
    x.disk.times = once ? 1 : 0;
    auto wrong = x.hand_over();
    // A write that fails is tried once more, a wait is not.
    if (once && !x.disk.failed_at_sync && x.disk.failures != 0) {
      CHECK(wrong.empty());
      CHECK(x.holders() == "k b");
    } else if (wrong.empty()) {
      break;
    }
    ++refused;
    if (!once)
      x.heal();
    // Not what was refused, so that nothing of that can pass for it.
    CHECK(commit(*x.store, {{"k", grant_now(x.on, 3, "c", 1h)}}, {1, 2}).empty());
    CHECK(x.holders() == "k c");
    CHECK(x.after_crash() == "k c");
    x.open();
    CHECK(x.holders() == "k c");
    CHECK(x.store->last_token() == 3);
  }
  CHECK(refused >= 5);
}

TEST_CASE("a commit that does not wait for the disk is written soon after") {
  failing_disk disk;
  machine on;
  temporary_directory directory;
  sqlite_store store{directory.path(), sync_mode::off, on.clock(), 1ms};
  for (std::uint64_t i = 1; i <= 3; ++i) {
    auto before = disk.log_syncs.load();
    CHECK(commit(store, {{"k", grant_now(on, i, "a", 1h)}}).empty());
    disk.log_syncs.wait(before); // and not for ever
  }
  CHECK(store.keep().problem.empty());
}

TEST_CASE("when the disk does not take what was not waited for, it is reported once") {
  failing_disk disk;
  machine on;
  temporary_directory directory;
  sqlite_store store{directory.path(), sync_mode::off, on.clock(), 1ms};
  disk.sync = SQLITE_IOERR_FSYNC;
  CHECK(commit(store, {{"k", grant_now(on, 1, "a", 1h)}}).empty());
  auto by_time = GENERATE(true, false);
  auto end = std::chrono::steady_clock::now() + 60s;
  std::string problem;
  while (problem.empty() && std::chrono::steady_clock::now() < end) {
    std::this_thread::yield();
    problem = by_time ? store.keep().problem : commit(store, {});
  }
  CHECK(problem == "the store cannot be written: the disk has not taken what was committed before");
  disk.sync = SQLITE_OK;
  CHECK(contents_of(store).text() == "k a");
}

TEST_CASE("a file that nobody changes is not waited for") {
  bool called = false;
  {
    background_sync x{[&] { return called = true; }, 0ms};
  }
  CHECK(!called);
}

TEST_CASE("what has changed at the end is left to who closes the file") {
  bool called = false;
  {
    background_sync x{[&] { return called = true; }, 1h};
    x.changed();
  }
  CHECK(!called);
}

TEST_CASE("a disk without room for a log of full size does not stop a store") {
  fixture x;
  x.disk.log_room = 60'000;
  x.disk.no_room = GENERATE(SQLITE_FULL, SQLITE_IOERR_WRITE);
  for (std::uint64_t i = 2; i < 300; ++i)
    REQUIRE(commit(*x.store, {{"k", grant_now(x.on, i, "o", 1h)}}, {i - 1}).empty());
  CHECK(x.after_crash() == "k o");
  x.open();
  CHECK(x.holders() == "k o");
  CHECK(x.store->last_token() == 299);
}

TEST_CASE("a store whose log and file have no room left goes on by itself when there is some") {
  fixture x;
  x.disk.log_room = 60'000;
  x.disk.file_room = 80'000;
  auto grant = grant_now(x.on, 2, "o", 1h);
  grant.metadata = std::string(1000, 'm');
  while (commit(*x.store, {{"k", grant}}).empty())
    ++grant.token;
  CHECK(grant.token > 20);
  CHECK(!commit(*x.store, {{"k", grant}}).empty());
  auto found = contents_of(*x.store);
  CHECK(found.grants.size() == grant.token - 1);
  x.disk.file_room = 1'000'000;
  CHECK(commit(*x.store, {{"k", grant}}).empty());
  CHECK(contents_of(*x.store).grants.size() == grant.token);
  x.open();
  CHECK(contents_of(*x.store).grants.size() == grant.token);
}

TEST_CASE("a server starts on a disk that a killed one has left full") {
  fixture x;
  temporary_directory full;
  x.disk.log_room = 60'000;
  bool is_full = false;
  for (std::uint64_t i = 2; !is_full; ++i) { // until the next commit has no room
    REQUIRE(commit(*x.store, {{"k", grant_now(x.on, i, "o", 1h)}}, {i - 1}).empty());
    is_full = std::filesystem::file_size(x.directory.file("locks.db-wal")) > 51'000;
  }
  for (auto* name : {"locks.db", "locks.db-wal"})
    std::filesystem::copy(x.directory.file(name), full.path());
  x.on.pass(1s);
  CHECK(contents_of(sqlite_store{full.path(), sync_mode::always, x.on.clock()}).text() == "k o");
}

TEST_CASE("a server that starts on a disk that cannot be written says so") {
  fixture x;
  x.store.reset();
  x.on.pass(1s); // else there is nothing to write
  x.disk.write = GENERATE(SQLITE_FULL, SQLITE_READONLY, SQLITE_IOERR_WRITE);
  std::string refusal;
  try {
    x.open();
  } catch (const store_error& e) {
    refusal = e.what();
  }
  INFO(refusal);
  CHECK(refusal.find("/locks.db cannot be used: ") != std::string::npos);
  x.heal();
  x.open();
  CHECK(x.holders() == "k a");
}
