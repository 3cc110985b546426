#include "store/sqlite/schema.hpp"

namespace lockserver {

namespace {

// Tokens grow and are the row numbers, so that a new grant goes behind the last
// and is found without another index. `locks` is for people.
constexpr auto version_1 = R"(
  CREATE TABLE grants (
    token       INTEGER PRIMARY KEY,
    key         TEXT NOT NULL,
    owner       TEXT NOT NULL,
    mode        TEXT NOT NULL CHECK (mode IN ('exclusive', 'shared')),
    max_holders INTEGER NOT NULL, -- of a semaphore, else 0
    lease       INTEGER,
    request_id  TEXT NOT NULL,
    metadata    TEXT NOT NULL,
    ttl_us      INTEGER,          -- NULL: no end of its own; so is expires_us
    granted_us  INTEGER NOT NULL, -- by the boot clock, as are the next
    expires_us  INTEGER
  );
  CREATE TABLE leases (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    owner       TEXT NOT NULL,
    ttl_us      INTEGER NOT NULL,
    expires_us  INTEGER NOT NULL
  );
  CREATE TABLE server (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    last_token  INTEGER NOT NULL, -- none that was handed out was greater
    boot_id     TEXT NOT NULL,    -- of the machine, and its clocks, at the last commit
    boot_us     INTEGER NOT NULL,
    wall_us     INTEGER NOT NULL
  );
  INSERT INTO server VALUES (1, 0, '', 0, 0);
  CREATE VIEW locks AS
    SELECT key, owner, mode, token,
           strftime('%Y-%m-%d %H:%M:%f', (wall_us - boot_us + expires_us) / 1e6, 'unixepoch')
             AS expires_utc,
           (SELECT name FROM leases WHERE id = lease) AS lease, metadata
      FROM grants, server ORDER BY key, token;
)";

// Who holds: see holder_name.hpp. What was stored before there were identities is anonymous.
constexpr auto version_2 = R"(
  ALTER TABLE grants ADD COLUMN identity TEXT NOT NULL DEFAULT ''; -- '': anonymous
  ALTER TABLE leases ADD COLUMN identity TEXT NOT NULL DEFAULT '';
  DROP VIEW locks;
  CREATE VIEW locks AS
    SELECT key, identity, owner, mode, token,
           strftime('%Y-%m-%d %H:%M:%f', (wall_us - boot_us + expires_us) / 1e6, 'unixepoch')
             AS expires_utc,
           (SELECT name FROM leases WHERE id = lease) AS lease, metadata
      FROM grants, server ORDER BY key, token;
)";

} // namespace

const migration_steps& store_migrations() {
  static const migration_steps steps{version_1, version_2};
  return steps;
}

std::string not_ours(sqlite::database& db, const migration_steps& steps) {
  auto version = version_of(db.number("PRAGMA user_version"));
  auto owner = db.number("PRAGMA application_id");
  auto is_empty = version == 0 && owner == 0
                  && db.number("SELECT count(*) FROM sqlite_schema") == 0;
  if (owner != store_application_id && !is_empty)
    return "is the database of another program: choose another directory, or move it away";
  auto latest = static_cast<std::int64_t>(steps.size());
  if (version > latest)
    return "was written by a later lockserver-caf (its version is " + std::to_string(version)
           + ", this program knows up to " + std::to_string(latest) + "): use that one";
  return {};
}

std::string migrate(sqlite::database& db, const migration_steps& steps) {
  if (auto wrong = not_ours(db, steps); !wrong.empty())
    return wrong;
  auto version = version_of(db.number("PRAGMA user_version"));
  auto latest = static_cast<std::int64_t>(steps.size());
  if (version == latest)
    return {};
  db.run("BEGIN IMMEDIATE");
  for (auto i = static_cast<std::size_t>(version); i < steps.size(); ++i)
    db.run(steps[i]);
  db.run(("PRAGMA application_id = " + std::to_string(store_application_id)).c_str());
  db.run(("PRAGMA user_version = " + std::to_string(latest)).c_str());
  db.run("COMMIT");
  return {};
}

} // namespace lockserver
