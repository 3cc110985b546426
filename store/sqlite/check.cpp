#include "store/sqlite/check.hpp"

#include "store/sqlite/directory.hpp"
#include "store/sqlite/schema.hpp"
#include "store/sqlite/sqlite.hpp"

#include <utility>

namespace lockserver {

namespace {

struct rule {
  const char* query; // returns what breaks it
  const char* problem;
  std::int64_t since = 1;      // the first version that it is for
  std::int64_t until = 0xffff; // the last one
};

constexpr rule rules[]
  = {{"SELECT key FROM grants GROUP BY key HAVING count(*) > 1 AND sum(mode = 'exclusive') > 0",
      "a key has several holders although one is exclusive: "},
     {"SELECT key FROM grants WHERE max_holders > 0 GROUP BY key "
      "HAVING count(*) > min(max_holders)",
      "a semaphore has more holders than it may have: "},
     {"SELECT key FROM grants GROUP BY key HAVING count(DISTINCT max_holders) > 1",
      "the holders of a key do not agree on its limit: "},
     {.query = "SELECT key FROM grants GROUP BY key, owner HAVING count(*) > 1",
      .problem = "an owner holds a key twice: ",
      .until = 1},
     {.query = "SELECT key FROM grants GROUP BY key, identity, owner HAVING count(*) > 1",
      .problem = "an owner holds a key twice: ",
      .since = 2},
     {"SELECT token FROM grants, server WHERE token > last_token",
      "a token is above the greatest that was handed out: "}};

// More of a kind say nothing new.
constexpr int most_of_a_kind = 10;

void look(sqlite::database& db, store_report& out) {
  out.version = version_of(db.number("PRAGMA user_version"));
  if (db.number("PRAGMA application_id") != store_application_id) {
    out.problems.emplace_back("it is not a store of lockserver-caf");
    return;
  }
  if (auto latest = static_cast<std::int64_t>(store_migrations().size()); out.version > latest) {
    out.problems.emplace_back("it was written by a later lockserver-caf: check it with that one");
    return;
  }
  auto integrity = db.prepare("PRAGMA integrity_check(10)");
  while (integrity.next())
    if (auto found = integrity.text(0); found != "ok")
      out.problems.push_back(found);
  out.keys = db.number("SELECT count(DISTINCT key) FROM grants");
  out.grants = db.number("SELECT count(*) FROM grants");
  out.leases = db.number("SELECT count(*) FROM leases");
  out.last_token = db.number("SELECT last_token FROM server");
  if (db.number("SELECT count(*) FROM server") != 1)
    out.problems.emplace_back("the table server has not exactly one row");
  for (auto& x : rules) {
    if (out.version < x.since || out.version > x.until)
      continue;
    auto broken = db.prepare(x.query);
    for (int i = 0; i < most_of_a_kind && broken.next(); ++i)
      out.problems.push_back(x.problem + broken.text(0));
  }
}

} // namespace

store_report check_store(const std::string& directory) {
  store_report result;
  auto file = directory + "/locks.db";
  if (auto wrong = log_problem(file); !wrong.empty())
    result.problems.push_back(std::move(wrong));
  try {
    sqlite::database db{file, SQLITE_OPEN_READONLY};
    db.run("PRAGMA busy_timeout = 1000; BEGIN");
    look(db, result);
  } catch (const sqlite::error& x) {
    result.problems.emplace_back(x.what());
  }
  return result;
}

} // namespace lockserver
