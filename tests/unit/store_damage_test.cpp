// Stores whose log is damaged or missing, and copies of stores.
#include "store/sqlite/check.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/stored.hpp"
#include "tests/support/temporary_directory.hpp"

#include <filesystem>
#include <fstream>
#include <string>

using namespace lockserver;
using namespace lockserver::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

// What a server leaves that has granted 60 locks and was killed.
struct killed_server {
  explicit killed_server(sync_mode sync = sync_mode::always) {
    temporary_directory original{"/dev/shm"};
    sqlite_store store{original.path(), sync, on.clock()};
    for (std::uint64_t i = 1; i <= 60; ++i)
      commit(store, {{"k" + std::to_string(i), grant_now(on, i, "o", 1h)}});
    for (auto* name : {"locks.db", "locks.db-wal", "lock"})
      fs::copy_file(original.file(name), directory.file(name));
  }
  std::string file() const {
    return directory.file("locks.db");
  }
  std::string log() const {
    return directory.file("locks.db-wal");
  }
  void flip(std::uintmax_t place) const {
    std::fstream bytes{log(), std::ios::in | std::ios::out | std::ios::binary};
    bytes.seekg(static_cast<std::streamoff>(place));
    auto old = static_cast<char>(bytes.get());
    bytes.seekp(static_cast<std::streamoff>(place));
    bytes.put(static_cast<char>(~old));
  }
  // How many locks a server finds in `where`, or why it does not start.
  std::string start(const fs::path& where, sync_mode sync = sync_mode::always) {
    try {
      sqlite_store store{where, sync, on.clock()};
      return std::to_string(contents_of(store).grants.size()) + " locks";
    } catch (const store_error& x) {
      return x.what();
    }
  }
  std::string start() {
    return start(directory.path());
  }
  std::string check() const {
    auto problems = check_store(directory.path()).problems;
    return problems.empty() ? "sound" : problems.front();
  }

  machine on;
  temporary_directory directory{"/dev/shm"};
};

constexpr auto what_to_do
  = ": put it back, restore a copy of the store, or move the store away, which forgets all locks";

} // namespace

TEST_CASE("a store whose log is there but not its file is refused, and nothing is removed") {
  killed_server x;
  if (GENERATE(false, true))
    fs::remove(x.file());
  else
    fs::resize_file(x.file(), 0);
  auto size = fs::file_size(x.log());
  CHECK(x.start().find("is missing or empty") != std::string::npos);
  CHECK(x.start().find("is missing or empty") != std::string::npos);
  CHECK(fs::file_size(x.log()) == size);
}

TEST_CASE("a server that was killed left a store that is sound") {
  auto sync = GENERATE(sync_mode::always, sync_mode::off);
  killed_server x{sync};
  CHECK(x.check() == "sound");
  CHECK(x.start() == "60 locks");
  CHECK(!fs::exists(x.log())); // it was closed
  CHECK(x.check() == "sound");
  CHECK(x.start() == "60 locks");
}

TEST_CASE("a log that is damaged in its middle is found, and refused at the start") {
  killed_server x;
  x.flip(fs::file_size(x.log()) / 2);
  auto says = x.start();
  CAPTURE(says);
  CHECK(says.find(x.log() + " is damaged at byte ") == 0);
  CHECK(says.find(what_to_do) != std::string::npos);
  CHECK(x.check() == says);
  CHECK(x.start() == says); // nothing has changed
}

TEST_CASE("a log that is damaged at its beginning is found, and refused at the start") {
  killed_server x;
  x.flip(GENERATE(0u, 9u, 18u, 31u));
  auto says = x.log() + " is damaged at its beginning, and with it the last changes of the store";
  CHECK(x.check() == says + what_to_do);
  CHECK(x.start() == says + what_to_do);
}

TEST_CASE("a log that is missing or empty is found, and refused at the start") {
  killed_server x;
  if (GENERATE(true, false))
    fs::remove(x.log());
  else
    fs::resize_file(x.log(), 0);
  auto says = x.log() + " is missing or empty, and with it the last changes of the store";
  CHECK(x.check() == says + what_to_do);
  CHECK(x.start() == says + what_to_do);
  CHECK(x.start() == says + what_to_do);
}

TEST_CASE("it is also found when SQLite has copied an earlier log into the file") {
  killed_server x;
  {
    temporary_directory original{"/dev/shm"};
    sqlite_store store{original.path(), sync_mode::always, x.on.clock()};
    // 2,500 pages, so that there were two copies.
    for (std::uint64_t i = 1; i <= 1250; ++i)
      commit(store, {{"k", grant_now(x.on, i, "o", 1h)}}, {i - 1});
    for (auto* name : {"locks.db", "locks.db-wal"})
      fs::copy_file(original.file(name), x.directory.file(name),
                    fs::copy_options::overwrite_existing);
    CHECK(fs::file_size(x.log()) < 6'000'000); // it began anew
  }
  CHECK(x.check() == "sound");
  fs::remove(x.log());
  CHECK(x.start().find(" is missing or empty") != std::string::npos);
}

TEST_CASE("the file without its log is no copy, but what SQLite makes of both is") {
  killed_server x;
  temporary_directory elsewhere{"/dev/shm"};
  auto copy = elsewhere.file("locks.db");
  SECTION("the file alone") {
    fs::copy_file(x.file(), copy);
    CHECK(x.start(elsewhere.path()).find(" is missing or empty") != std::string::npos);
  }
  SECTION("both files") {
    fs::copy_file(x.file(), copy);
    fs::copy_file(x.log(), copy + "-wal");
    CHECK(x.start(elsewhere.path()) == "60 locks");
  }
  SECTION("VACUUM INTO") {
    sqlite::database{x.file(), SQLITE_OPEN_READONLY}.run(("VACUUM INTO '" + copy + "'").c_str());
    CHECK(x.start(elsewhere.path()) == "60 locks");
  }
  SECTION("a backup") {
    sqlite::database from{x.file(), SQLITE_OPEN_READONLY};
    sqlite::database to{copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE};
    auto* backup = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
    REQUIRE(sqlite3_backup_step(backup, -1) == SQLITE_DONE);
    REQUIRE(sqlite3_backup_finish(backup) == SQLITE_OK);
    CHECK(x.start(elsewhere.path()) == "60 locks");
  }
  SECTION("a program that opens and closes the store") {
    sqlite::database{x.file(), SQLITE_OPEN_READWRITE}.run("SELECT count(*) FROM grants");
    CHECK(!fs::exists(x.log()));
    CHECK(x.start() == "60 locks");
  }
}

TEST_CASE("without waiting for the disk, a power cut may leave any part of the log") {
  killed_server x{sync_mode::off};
  x.flip(fs::file_size(x.log()) / 2);
  CHECK(x.check() == "sound");
  CHECK(x.start().find(" locks") != std::string::npos);
}

TEST_CASE("but its beginning was waited for") {
  killed_server x{sync_mode::off};
  SECTION("damaged") {
    x.flip(9);
  }
  SECTION("missing") {
    fs::remove(x.log());
  }
  CHECK(x.start().find("and with it the last changes of the store") != std::string::npos);
}

TEST_CASE("a store of an earlier lockserver-caf is read, also one that was not closed") {
  killed_server x;
  REQUIRE(x.start() == "60 locks");
  { // which noted nothing
    sqlite::database db{x.file(), SQLITE_OPEN_READWRITE};
    sqlite3_db_config(db.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    CHECK(db.number("PRAGMA user_version") == 2);
    db.run("DELETE FROM grants WHERE token > 50");
  }
  REQUIRE(fs::file_size(x.log()) > 0);
  SECTION("with its log") {
    CHECK(x.check() == "sound");
    CHECK(x.start() == "50 locks");
  }
  SECTION("with a log that is damaged at its beginning") {
    x.flip(9);
    CHECK(x.start().find(" is damaged at its beginning") != std::string::npos);
  }
}

TEST_CASE("a store whose making was interrupted is made anew") {
  machine on;
  temporary_directory directory{"/dev/shm"};
  { // as far as SQLite may have come
    sqlite::database db{directory.file("locks.db"), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE};
    db.run("PRAGMA journal_mode = WAL");
  }
  std::ofstream{directory.file("locks.db-wal")} << std::string(GENERATE(0u, 5u, 32u), 'x');
  sqlite_store store{directory.path(), sync_mode::always, on.clock()};
  CHECK(contents_of(store).grants.empty());
}
