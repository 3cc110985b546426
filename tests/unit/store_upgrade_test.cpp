// Stores that an earlier version wrote while locks were held.
#include "actors/rules/holder_name.hpp"
#include "store/sqlite/check.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/log_end.hpp"
#include "tests/support/stored.hpp"
#include "tests/support/temporary_directory.hpp"

#include <filesystem>
#include <optional>
#include <string>

using namespace lockserver;
using namespace lockserver::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

const migration_steps& up_to_version_1() {
  static const migration_steps steps{store_migrations().front()};
  return steps;
}

// A store of version 1: a lock, a semaphore with two holders, and a lease with a lock. It was
// written with SQL, because no program writes that version any more.
struct version_1_store {
  version_1_store() : db(file(original, ""), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) {
    db.run("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0");
    REQUIRE(migrate(db, up_to_version_1()) == "");
    // As the server does it before a checkpoint: see `store_use`.
    set_use(store_use::synced);
    db.run("PRAGMA wal_checkpoint(PASSIVE)");
    set_use(store_use::closed);
    db.run(R"(
      INSERT INTO leases VALUES (3, 'nightly', 'alice', 60000000, 5060000000);
      INSERT INTO grants VALUES
        (11, 'k', 'alice', 'exclusive', 0, NULL, 'r', 'for a report', 60000000, 5000000000,
         5060000000),
        (12, 'pool', 'bob', 'shared', 2, NULL, '', '', NULL, 5000000000, NULL),
        (13, 'pool', 'carol', 'shared', 2, NULL, '', '', 90000000, 5000000000, 5090000000),
        (14, 'bound', 'alice', 'exclusive', 0, 3, '', '', NULL, 5000000000, NULL);
      UPDATE server SET last_token = 20, boot_id = 'first boot', boot_us = 5000000000,
                        wall_us = 1479000000000000;
    )");
  }
  static std::string file(const temporary_directory& x, const std::string& suffix) {
    return x.file("locks.db" + suffix);
  }
  void set_use(store_use x) {
    db.run(("PRAGMA user_version = " + std::to_string(user_version(1, x))).c_str());
  }
  // As its server leaves it in `to` if it is killed now.
  void kill(const temporary_directory& to) const {
    for (auto* suffix : {"", "-wal"})
      fs::copy_file(file(original, suffix), file(to, suffix));
  }

  temporary_directory original{"/dev/shm"};
  sqlite::database db;
  machine on;
};

// Everything that `version_1_store` has, and that it belongs to nobody but its owners.
void check_contents(const store& x) {
  auto found = contents_of(x);
  REQUIRE(found.text() == "k alice, pool bob, pool carol, bound alice");
  REQUIRE(found.leases.size() == 1);
  for (auto& [token, grant] : found.grants)
    CHECK(parts_of(grant.second.owner).identity.empty());
  auto& exclusive = found.grants.at(11).second;
  CHECK(exclusive.mode == lock_mode::exclusive);
  CHECK(exclusive.request_id == "r");
  CHECK(exclusive.metadata == "for a report");
  CHECK(exclusive.since == 5000s);
  CHECK(exclusive.ttl == 60s);
  CHECK(exclusive.expires_at == 5060s);
  auto& shared = found.grants.at(13).second;
  CHECK(shared.mode == lock_mode::shared);
  CHECK(shared.limit == 2);
  CHECK(shared.expires_at == 5090s);
  CHECK(found.grants.at(12).second.expires_at == forever);
  CHECK(found.grants.at(14).second.lease == 3);
  auto& lease = found.leases.at(3);
  CHECK(lease.name == "nightly");
  CHECK(lease.owner == "alice");
  CHECK(lease.ttl == 60s);
  CHECK(lease.expires_at == 5060s);
  CHECK(x.last_token() == 20);
  CHECK(x.last_lease() == 3);
}

} // namespace

TEST_CASE("a store of version 1 is upgraded with all that is held, also if its server was killed") {
  version_1_store old;
  temporary_directory directory{"/dev/shm"};
  auto closed = GENERATE(true, false);
  if (closed)
    old.db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  old.kill(directory);
  auto before = check_store(directory.path());
  CHECK(before.problems.empty());
  CHECK(before.version == 1);
  CHECK(before.grants == 4);
  auto sync = GENERATE(sync_mode::always, sync_mode::off);
  std::optional<sqlite_store> store{std::in_place, directory.path(), sync, old.on.clock()};
  check_contents(*store);
  store.emplace(directory.path(), sync, old.on.clock());
  check_contents(*store);
  auto mine = grant_now(old.on, 21, holder_name("ci", "alice"), 60s);
  CHECK(commit(*store, {{"new", mine}}, {11}) == "");
  store.emplace(directory.path(), sync, old.on.clock());
  auto found = contents_of(*store);
  CHECK(found.grants.size() == 4);
  CHECK(found.grants.at(21).second.owner == mine.owner);
  auto after = check_store(directory.path());
  CHECK(after.problems.empty());
  CHECK(after.version == 2);
  CHECK(after.last_token == 21);
}

TEST_CASE("wherever an upgrade is interrupted, nothing is lost") {
  version_1_store old;
  auto log = version_1_store::file(old.original, "-wal");
  auto begin = end_of_log(log);
  REQUIRE(migrate(old.db) == "");
  auto end = end_of_log(log);
  REQUIRE(end > begin);
  int upgraded = 0;
  // A prime, so that all parts of a page have their turn.
  for (auto size = begin + (end - begin) % 61; size <= end; size += 61) {
    temporary_directory cut{"/dev/shm"};
    old.kill(cut);
    fs::resize_file(version_1_store::file(cut, "-wal"), size);
    CAPTURE(size);
    upgraded += int{check_store(cut.path()).version == 2};
    sqlite_store store{cut.path(), sync_mode::off, old.on.clock()};
    check_contents(store);
  }
  CHECK(upgraded == 1);
}

TEST_CASE("a program that knows only version 1 refuses a store of version 2") {
  version_1_store old;
  REQUIRE(migrate(old.db) == "");
  auto says = "was written by a later lockserver-caf (its version is 2, this program knows up to "
              "1): use that one";
  CHECK(not_ours(old.db, up_to_version_1()) == says);
  CHECK(migrate(old.db, up_to_version_1()) == says);
  CHECK(old.db.number("PRAGMA user_version") == 2);
}

TEST_CASE("check finds an owner that holds a key twice in a store of version 1, too") {
  version_1_store old;
  old.db.run("UPDATE grants SET owner = 'bob' WHERE key = 'pool'");
  temporary_directory directory{"/dev/shm"};
  old.kill(directory);
  auto problems = check_store(directory.path()).problems;
  REQUIRE(problems.size() == 1);
  CHECK(problems[0] == "an owner holds a key twice: pool");
}
