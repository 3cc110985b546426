#include "store/sqlite/schema.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/stored.hpp"
#include "tests/support/temporary_directory.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

using namespace lockserver;
using namespace lockserver::test;
using namespace std::chrono_literals;

namespace {

// A store, and the machine that it is on.
struct fixture {
  fixture() {
    open();
  }
  void open() {
    store.reset();
    store.emplace(directory.path(), sync_mode::off, on.clock());
  }
  // What keeps the store from being opened.
  std::string refusal() {
    store.reset();
    try {
      open();
      return "";
    } catch (const store_error& x) {
      return x.what();
    }
  }
  std::string file() const {
    return directory.file("locks.db");
  }
  sqlite::database database() const {
    return sqlite::database{file(), SQLITE_OPEN_READWRITE};
  }
  duration left(std::uint64_t token) const {
    return contents_of(*store).grants.at(token).second.expires_at - on.clocks.steady;
  }

  machine on;
  temporary_directory directory;
  std::optional<sqlite_store> store;
};

std::string bytes_of(const std::string& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

bool contains(const std::string& text, const std::string& part) {
  CAPTURE(text);
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("what was committed is there again, with all it had") {
  fixture x;
  auto exclusive = grant_now(x.on, 11, "alice", 60s);
  exclusive.request_id = "r";
  exclusive.metadata = "for a report";
  exclusive.lease = 3;
  auto shared = grant_now(x.on, 12, "bob", forever);
  shared.mode = lock_mode::shared;
  shared.limit = 5;
  auto lease = lease_now(x.on, 3, "name", 30s);
  store_batch batch;
  batch.grants = {{"k", &exclusive}, {"s/1", &shared}};
  batch.new_leases = {&lease};
  REQUIRE(x.store->commit(batch).problem == "");
  x.open();
  auto found = contents_of(*x.store);
  REQUIRE(found.text() == "k alice, s/1 bob");
  auto& first = found.grants.at(11).second;
  CHECK(first.mode == lock_mode::exclusive);
  CHECK(first.request_id == "r");
  CHECK(first.metadata == "for a report");
  CHECK(first.lease == 3);
  CHECK(first.since == exclusive.since);
  CHECK(first.expires_at == exclusive.expires_at);
  CHECK(first.ttl == 60s);
  auto& second = found.grants.at(12).second;
  CHECK(second.mode == lock_mode::shared);
  CHECK(second.limit == 5);
  CHECK(second.expires_at == forever);
  REQUIRE(found.leases.size() == 1);
  CHECK(found.leases.at(3).name == "name");
  CHECK(found.leases.at(3).owner == "owner");
  CHECK(found.leases.at(3).ttl == 30s);
  CHECK(found.leases.at(3).expires_at == lease.expires_at);
}

TEST_CASE("what has ended is not there any more, renewals are") {
  fixture x;
  CHECK(commit(*x.store, {{"a", grant_now(x.on, 1, "o", 60s)}, {"b", grant_now(x.on, 2, "o", 60s)}})
        == "");
  x.on.pass(10s);
  CHECK(commit(*x.store, {{"b", grant_now(x.on, 2, "o", 60s)}}, {1, 77}) == "");
  x.open();
  CHECK(contents_of(*x.store).text() == "b o");
  CHECK(x.left(2) == 60s);
}

TEST_CASE("a grant that is made and ended in one commit is not there") {
  fixture x;
  CHECK(commit(*x.store, {{"a", grant_now(x.on, 1, "o", 60s)}}, {1}) == "");
  CHECK(contents_of(*x.store).text().empty());
  CHECK(x.store->last_token() == 1);
}

TEST_CASE("a lease that has ended is not renewed by a renewal that comes late") {
  fixture x;
  auto lease = lease_now(x.on, 3, "name", 30s);
  store_batch make, end, renew;
  make.new_leases = {&lease};
  end.ended_leases = {3};
  renew.renewed_leases = {&lease};
  CHECK(x.store->commit(make).problem == "");
  CHECK(x.store->commit(renew).problem == "");
  CHECK(contents_of(*x.store).leases.size() == 1);
  CHECK(x.store->commit(end).problem == "");
  CHECK(x.store->commit(renew).problem == "");
  CHECK(contents_of(*x.store).leases.empty());
}

TEST_CASE("the greatest token is remembered when its grant is long gone") {
  fixture x;
  commit(*x.store, {{"a", grant_now(x.on, 1000, "o", 60s)}});
  commit(*x.store, {{"a", grant_now(x.on, 5, "p", 60s)}}, {1000});
  x.open();
  CHECK(x.store->last_token() == 1000);
}

TEST_CASE("the greatest id of a lease is known, as long as anything stored may name it") {
  fixture x;
  CHECK(x.store->last_lease() == 0);
  auto first = lease_now(x.on, 7, "first", 10s);
  auto second = lease_now(x.on, 3, "second", 60s);
  auto of_first = grant_now(x.on, 1, "o", forever);
  of_first.lease = 7;
  store_batch make, end;
  make.new_leases = {&first, &second};
  make.grants = {{"k", &of_first}};
  end.ended_leases = {7};
  CHECK(x.store->commit(make).problem == "");
  CHECK(x.store->commit(end).problem == "");
  CHECK(x.store->last_lease() == 7);
  x.open(); // which ends the grant
  CHECK(contents_of(*x.store).text().empty());
  CHECK(x.store->last_lease() == 3);
  x.store.reset();
  x.on.pass(60s);
  x.open();
  CHECK(contents_of(*x.store).leases.empty());
  CHECK(x.store->last_lease() == 3);
}

TEST_CASE("no other server writes to a directory, so what is stored may be told at any time") {
  fixture x;
  CHECK(x.store->answers_until() == boot_clock::time_point::max());
  CHECK(x.store->gather() == 0s);
  CHECK(x.store->keep_interval() == 10s);
  CHECK(x.store->keep().what == commit_result::stored);
}

TEST_CASE("time passes while no server runs, and what is over then is gone") {
  fixture x;
  commit(*x.store, {{"a", grant_now(x.on, 1, "o", 10s)}, {"b", grant_now(x.on, 2, "o", 60s)}});
  x.store.reset();
  x.on.pass(10s);
  x.on.clocks.wall += 24h;
  x.open();
  CHECK(contents_of(*x.store).text() == "b o");
  CHECK(x.left(2) == 50s);
}

TEST_CASE("across a start of the machine the wall clock counts") {
  fixture x;
  commit(*x.store, {{"a", grant_now(x.on, 1, "o", 100s)},
                    {"b", grant_now(x.on, 2, "o", 1000s)},
                    {"c", grant_now(x.on, 3, "o", forever)}});
  x.on.pass(20s);
  // A commit long after the grants: they count from their own time.
  commit(*x.store, {});
  x.store.reset();
  x.on.restart(50s);
  x.on.pass(40s);
  x.open();
  CHECK(contents_of(*x.store).text() == "b o, c o");
  CHECK(x.left(2) == 1000s - 20s - (90s - slack));
  CHECK(contents_of(*x.store).grants.at(3).second.expires_at == forever);
  // And once more: by the new boot clock.
  x.store.reset();
  x.on.pass(10s);
  x.open();
  CHECK(x.left(2) == 1000s - 30s - (90s - slack));
}

TEST_CASE("a wall clock that is set while the server runs does not count") {
  fixture x;
  commit(*x.store, {{"a", grant_now(x.on, 1, "o", 1000s)}});
  x.on.clocks.wall += 24h;
  CHECK(x.store->keep().problem == "");
  x.on.pass(100s);
  x.store.reset();
  x.on.restart(0s);
  x.open();
  CHECK(x.left(1) == 1000s - (100s - slack));
}

TEST_CASE("grants end with their lease, also while no server runs") {
  fixture x;
  auto first = lease_now(x.on, 1, "short", 10s);
  auto second = lease_now(x.on, 2, "long", 100s);
  auto of_first = grant_now(x.on, 1, "o", forever);
  of_first.lease = 1;
  auto of_second = grant_now(x.on, 2, "o", forever);
  of_second.lease = 2;
  auto of_none = grant_now(x.on, 3, "o", forever);
  of_none.lease = 9;
  store_batch batch;
  batch.new_leases = {&first, &second};
  batch.grants = {{"a", &of_first}, {"b", &of_second}, {"c", &of_none}};
  REQUIRE(x.store->commit(batch).problem == "");
  x.store.reset();
  x.on.pass(10s);
  x.open();
  CHECK(contents_of(*x.store).text() == "b o");
  CHECK(contents_of(*x.store).leases.size() == 1);
}

TEST_CASE("only its owner may read a store") {
  fixture x;
  CHECK(std::filesystem::status(x.file()).permissions()
        == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

TEST_CASE("a second server on the same directory is refused") {
  fixture x;
  SECTION("as it is") {
  }
  SECTION("although the file that says so has been removed") {
    std::filesystem::remove(x.directory.file("lock"));
  }
  try {
    sqlite_store second{x.directory.path(), sync_mode::off};
    FAIL("it was opened");
  } catch (const store_error& wrong) {
    CHECK(contains(wrong.what(), "another server uses the data directory"));
  }
  x.open();
}

TEST_CASE("a file that is no database is refused") {
  fixture x;
  x.store.reset();
  std::ofstream{x.file()} << std::string(10'000, 'x');
  CHECK(contains(x.refusal(), "is no database: move it away"));
}

TEST_CASE("another program's database is refused, and not a byte of it changes") {
  fixture x;
  x.store.reset();
  std::filesystem::remove(x.file());
  std::string mode;
  SECTION("with a rollback journal") {
    mode = "DELETE";
  }
  SECTION("with a WAL") {
    mode = "WAL";
  }
  temporary_directory elsewhere;
  {
    sqlite::database recipes{elsewhere.file("r.db"), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE};
    recipes.run(("PRAGMA journal_mode = " + mode).c_str());
    recipes.run("CREATE TABLE recipes (name); INSERT INTO recipes VALUES ('soup')");
    // As its program would leave it if it died now: with what only the WAL has.
    std::filesystem::copy(elsewhere.file("r.db"), x.file());
    if (mode == "WAL")
      std::filesystem::copy(elsewhere.file("r.db-wal"), x.file() + "-wal");
  }
  auto file = bytes_of(x.file());
  auto wal = bytes_of(x.file() + "-wal");
  REQUIRE(wal.empty() == (mode != "WAL"));
  CHECK(contains(x.refusal(), "is the database of another program"));
  CHECK((bytes_of(x.file()) == file));
  CHECK((bytes_of(x.file() + "-wal") == wal));
  CHECK(x.database().number("SELECT count(*) FROM recipes") == 1);
}

TEST_CASE("a later version's file is refused, and not a byte of it changes") {
  fixture x;
  x.store.reset();
  // A later version may use another journal.
  x.database().run("PRAGMA journal_mode = DELETE; PRAGMA user_version = 1000");
  auto file = bytes_of(x.file());
  CHECK(contains(x.refusal(), "was written by a later lockserver-caf"));
  CHECK((bytes_of(x.file()) == file));
}

TEST_CASE("a damaged file is refused, with what to do") {
  fixture x;
  for (std::uint64_t i = 1; i < 1000; ++i)
    commit(*x.store, {{"key", grant_now(x.on, i, "owner", 60s)}});
  x.store.reset();
  x.database().run("PRAGMA wal_checkpoint(TRUNCATE)");
  auto damage = [&] {
    std::fstream file{x.file(), std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(4096);
    file << std::string(20 * 4096, 'x');
  };
  auto says = "is damaged: see 'lockserver-caf check " + x.directory.path().string()
              + "'; restore it";
  SECTION("when it is opened") {
    damage();
    CHECK(contains(x.refusal(), says));
  }
  SECTION("when it is read") {
    x.open();
    damage();
    CHECK(contains(x.store->load([](auto&&) {}, [](auto&&, auto&&) {}), says));
  }
}

TEST_CASE("a file of an earlier version becomes one of the latest") {
  temporary_directory directory;
  sqlite::database db{directory.file("x.db"), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE};
  REQUIRE(migrate(db, {"CREATE TABLE a (x); INSERT INTO a VALUES (1)"}) == "");
  CHECK(db.number("PRAGMA user_version") == 1);
  migration_steps later{"not run any more", "ALTER TABLE a ADD COLUMN y DEFAULT 7",
                        "UPDATE a SET x = x + y"};
  REQUIRE(migrate(db, later) == "");
  CHECK(db.number("PRAGMA user_version") == 3);
  CHECK(db.number("SELECT x FROM a") == 8);
  CHECK(migrate(db, later) == "");
  CHECK(db.number("SELECT x FROM a") == 8);
}

TEST_CASE("a step that fails changes nothing") {
  temporary_directory directory;
  sqlite::database db{directory.file("x.db"), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE};
  REQUIRE(migrate(db, {"CREATE TABLE a (x)"}) == "");
  CHECK_THROWS_AS(migrate(db, {"", "CREATE TABLE b (x)", "nonsense"}), sqlite::error);
  if (db.in_transaction())
    db.run("ROLLBACK");
  CHECK(db.number("PRAGMA user_version") == 1);
  CHECK(db.number("SELECT count(*) FROM sqlite_schema") == 1);
}

TEST_CASE("a commit that fails changes nothing, and the next may succeed") {
  fixture x;
  commit(*x.store, {{"a", grant_now(x.on, 1, "o", 60s)}});
  x.store.reset();
  // Room for nothing but small changes.
  x.open();
  auto other = x.database();
  other.run("BEGIN IMMEDIATE");
  CHECK(contains(commit(*x.store, {{"b", grant_now(x.on, 2, "o", 60s)}}, {1}),
                 "another program keeps the store locked"));
  CHECK(contents_of(*x.store).text() == "a o");
  CHECK(x.store->last_token() == 1);
  other.run("COMMIT");
  CHECK(commit(*x.store, {{"b", grant_now(x.on, 2, "o", 60s)}}, {1}) == "");
  CHECK(contents_of(*x.store).text() == "b o");
}
