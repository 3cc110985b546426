// Identities in stores.
#include "actors/rules/holder_name.hpp"
#include "store/sqlite/check.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/stored.hpp"
#include "tests/support/temporary_directory.hpp"

#include <string>

using namespace lockserver;
using namespace lockserver::test;
using namespace std::chrono_literals;
using namespace std::string_view_literals;

namespace {

struct fixture {
  // The first column of the only row.
  std::string text(const std::string& query) const {
    sqlite::database db{file, SQLITE_OPEN_READONLY};
    auto rows = db.prepare(query);
    REQUIRE(rows.next());
    auto result = rows.text(0);
    CHECK(!rows.next());
    return result;
  }

  machine on;
  temporary_directory directory;
  std::string file = directory.file("locks.db");
};

} // namespace

TEST_CASE("grants and leases are found again with their identities") {
  fixture x;
  const std::string names[] = {holder_name("", "alice"),       holder_name("ci", "alice"),
                               holder_name("ci", ""),          holder_name("", "ci\0alice"sv),
                               holder_name("ci", "a\0lice"sv), holder_name("", "")};
  {
    sqlite_store store{x.directory.path(), sync_mode::off, x.on.clock()};
    std::uint64_t i = 0;
    for (auto& name : names) {
      auto grant = grant_now(x.on, ++i, name, 60s);
      auto lease = lease_now(x.on, i, "lease " + std::to_string(i), 60s);
      lease.owner = name;
      store_batch batch;
      batch.grants = {{"k", &grant}};
      batch.new_leases = {&lease};
      REQUIRE(store.commit(batch).problem == "");
    }
  }
  sqlite_store store{x.directory.path(), sync_mode::off, x.on.clock()};
  auto found = contents_of(store);
  CHECK(found.grants.size() == std::size(names));
  CHECK(found.leases.size() == std::size(names));
  std::uint64_t i = 0;
  for (auto& name : names) {
    ++i;
    CHECK(found.grants.at(i).second.owner == name);
    CHECK(found.leases.at(i).owner == name);
  }
}

TEST_CASE("the tables and the view have identity and owner in columns of their own") {
  fixture x;
  sqlite_store store{x.directory.path(), sync_mode::off, x.on.clock()};
  auto grant = grant_now(x.on, 1, holder_name("ci", "alice"), 60s);
  auto lease = lease_now(x.on, 1, "name", 60s);
  lease.owner = grant.owner;
  store_batch batch;
  batch.grants = {{"k", &grant}};
  batch.new_leases = {&lease};
  REQUIRE(store.commit(batch).problem == "");
  for (auto* table : {"grants", "leases", "locks"})
    CHECK(x.text(std::string{"SELECT identity || ' as ' || owner FROM "} + table) == "ci as alice");
}

TEST_CASE("a store is sound if two identities hold a key as the same owner, but not if one does") {
  fixture x;
  sqlite_store store{x.directory.path(), sync_mode::off, x.on.clock()};
  auto put = [&](std::uint64_t token, std::string_view identity) {
    auto grant = grant_now(x.on, token, holder_name(identity, "alice"), 60s);
    grant.mode = lock_mode::shared;
    REQUIRE(commit(store, {{"k", grant}}) == "");
  };
  put(1, "");
  put(2, "ci");
  put(3, "ops");
  CHECK(check_store(x.directory.path()).problems.empty());
  put(4, "ops");
  auto problems = check_store(x.directory.path()).problems;
  REQUIRE(problems.size() == 1);
  CHECK(problems[0] == "an owner holds a key twice: k");
}
