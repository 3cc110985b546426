#include "store/sqlite/sqlite_store.hpp"

#include "actors/rules/holder_name.hpp"
#include "actors/rules/lock_queue.hpp"

#include <algorithm>

namespace lockserver {

namespace {

using microseconds = clock_reading::duration;

// So many pages in the log are copied into the file together, 4 MB: as SQLite
// does it unless told otherwise.
constexpr int pages_per_copy = 1000;

// Between two looks at the wall clock: what it is set by before a power cut may
// go unnoticed for so long, see `elapsed`.
constexpr auto clock_pause = std::chrono::seconds{10};

// How far the wall clock may drift from the boot clock before it counts as set.
constexpr auto tolerance = std::chrono::seconds{1};

// Those of the connection; they write nothing. By itself SQLite would copy the log without a
// note, see `store_use`.
constexpr auto settings = R"(
  PRAGMA busy_timeout = 1000;
  PRAGMA temp_store = MEMORY;
  PRAGMA wal_autocheckpoint = 0;
)";

// For who is told that a request has changed nothing.
std::string sentence(const sqlite::error& x) {
  switch (x.code()) {
    case SQLITE_FULL:
      return "the disk of the store is full";
    case SQLITE_READONLY:
      return "the disk of the store is read-only";
    case SQLITE_BUSY:
      return "another program keeps the store locked";
    default:
      return std::string{"the store cannot be written: "} + x.what();
  }
}

// Why a file cannot be read or opened, and what to do.
std::string sentence(const std::string& file, const sqlite::error& x) {
  if (x.code() == SQLITE_NOTADB)
    return file + " is no database: move it away, which forgets all locks";
  if (x.code() == SQLITE_CORRUPT)
    return file + " is damaged: see 'lockserver-caf check " + file.substr(0, file.rfind('/'))
           + "'; restore it, or move it away, which forgets all locks";
  return file + " cannot be used: " + x.what();
}

// Of something without an end, nothing. Rounded up: nothing ends earlier than
// was promised.
std::optional<std::int64_t> us(duration x, microseconds to_boot = {}) {
  if (x == forever)
    return std::nullopt;
  return (std::chrono::ceil<microseconds>(x) + to_boot).count();
}

// A holder is stored as two columns.
struct holder_columns {
  int identity;
  int owner;
};

void bind(sqlite::statement& to, holder_columns at, std::string_view holder) {
  auto parts = parts_of(holder);
  to.bind(at.identity, parts.identity);
  to.bind(at.owner, parts.owner);
}

std::string holder(const sqlite::statement& from, holder_columns at) {
  return holder_name(from.text(at.identity), from.text(at.owner));
}

} // namespace

// -- opening ------------------------------------------------------------------

namespace {

// Else the last to close a file in WAL mode copies the log into it and removes
// the log.
void keep_log(sqlite::database& db, bool x) {
  sqlite3_db_config(db.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, int{x}, nullptr);
}

sqlite::database opened(const std::string& file, sync_mode sync) {
  if (auto wrong = log_problem(file); !wrong.empty())
    throw store_error{wrong};
  sqlite::database result{file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE};
  keep_log(result, true); // one that is not ours stays as it is
  result.run(settings);
  if (auto wrong = not_ours(result); !wrong.empty())
    throw store_error{file + " " + wrong};
  result.run("PRAGMA journal_mode = WAL");
  result.run(sync == sync_mode::always ? "PRAGMA synchronous = FULL"
                                       : "PRAGMA synchronous = NORMAL");
  if (auto wrong = migrate(result); !wrong.empty())
    throw store_error{file + " " + wrong};
  return result;
}

} // namespace

sqlite_store::sqlite_store(const std::string& directory, sync_mode sync, clock now,
                           background_sync::duration sync_pause) try
  : lock_(directory),
    file_(directory + "/locks.db"),
    now_(std::move(now)),
    in_use_(sync == sync_mode::always ? store_use::synced : store_use::unsynced),
    db_(opened(file_, sync)),
    begin_(db_.prepare("BEGIN IMMEDIATE")),
    commit_(db_.prepare("COMMIT")),
    put_grant_(db_.prepare("INSERT OR REPLACE INTO grants VALUES (?,?,?,?,?,?,?,?,?,?,?,?)")),
    end_grant_(db_.prepare("DELETE FROM grants WHERE token = ?")),
    put_lease_(db_.prepare("INSERT INTO leases VALUES (?,?,?,?,?,?)")),
    renew_lease_(db_.prepare("UPDATE leases SET expires_us = ? WHERE id = ?")),
    end_lease_(db_.prepare("DELETE FROM leases WHERE id = ?")),
    note_(db_.prepare("UPDATE server SET last_token = ?, boot_id = ?, boot_us = ?, wall_us = ?")) {
  sqlite3_wal_hook(
    db_.handle(),
    [](void* self, sqlite3*, const char*, int pages) {
      static_cast<sqlite_store*>(self)->log_pages_ = pages;
      return SQLITE_OK;
    },
    this);
  catch_up();
  copy_log();
  if (sync == sync_mode::off)
    sync_in_background(sync_pause);
} catch (const sqlite::error& x) {
  throw store_error{sentence(directory + "/locks.db", x)};
}

void sqlite_store::sync_in_background(background_sync::duration pause) {
  auto* name = sqlite3_filename_wal(sqlite3_db_filename(db_.handle(), "main"));
  log_.emplace(name, SQLITE_OPEN_READWRITE | SQLITE_OPEN_WAL);
  sync_.emplace([this] { return log_->sync(); }, pause);
  sync_->changed();
}

// From the last commit until now: ends what has run out, with all that has a
// lease which is no more. When the machine has been started since, its new boot
// clock counts.
void sqlite_store::catch_up() {
  auto server = db_.prepare("SELECT last_token, boot_id, boot_us, wall_us FROM server");
  if (!server.next())
    throw sqlite::error{SQLITE_CORRUPT, "there is no row in the table server"};
  last_token_ = server.number(0);
  clock_reading last{
    server.text(1), {}, microseconds{server.number(2)}, microseconds{server.number(3)}};
  server.next();
  // Before any of them ends. A grant whose lease is not there ends now, so none that stays
  // names a greater one.
  last_lease_ = db_.number("SELECT ifnull(max(id), 0) FROM leases");
  transaction([&](const clock_reading& now) { catch_up({last, now}); });
}

// Called from SQL.
void sqlite_store::interval::time_left(sqlite3_context* context, int, sqlite3_value** arguments) {
  auto& x = *static_cast<const interval*>(sqlite3_user_data(context));
  auto left = lockserver::time_left(microseconds{sqlite3_value_int64(arguments[0])},
                                    microseconds{sqlite3_value_int64(arguments[1])}, x.last, x.now);
  sqlite3_result_int64(context, left.count());
}

void sqlite_store::catch_up(interval since) {
  auto now = since.now.boot.count();
  if (!same_boot(since.last, since.now)) {
    sqlite3_create_function_v2(db_.handle(), "time_left", 2, SQLITE_UTF8, &since,
                               interval::time_left, nullptr, nullptr, nullptr);
    auto shift = since.now.boot - since.last.boot - elapsed(since.last, since.now);
    for (auto* sql : {"UPDATE grants SET expires_us = ? + time_left(expires_us, ttl_us) "
                      "WHERE expires_us IS NOT NULL",
                      "UPDATE leases SET expires_us = ? + time_left(expires_us, ttl_us)"}) {
      auto update = db_.prepare(sql);
      update.bind(1, now);
      update.run();
    }
    auto update = db_.prepare("UPDATE grants SET granted_us = granted_us + ?");
    update.bind(1, shift.count());
    update.run();
    sqlite3_create_function_v2(db_.handle(), "time_left", 2, SQLITE_UTF8, nullptr, nullptr, nullptr,
                               nullptr, nullptr);
  }
  for (auto* sql : {"DELETE FROM leases WHERE expires_us <= ?",
                    "DELETE FROM grants WHERE expires_us <= ? "
                    "OR (lease IS NOT NULL AND lease NOT IN (SELECT id FROM leases))"}) {
    auto end = db_.prepare(sql);
    end.bind(1, now);
    end.run();
  }
}

std::string
sqlite_store::load(const std::function<void(lease_record&&)>& on_lease,
                   const std::function<void(std::string&& key, grant_record&&)>& on_grant) const {
  try {
    // Another connection: it sees what was there at its first look, while this
    // one goes on to commit.
    sqlite::database db{file_, SQLITE_OPEN_READONLY};
    auto now = now_();
    auto to_steady = now.to_steady();
    auto time = [&](sqlite::statement& x, int column) -> duration {
      return x.is_null(column) ? forever : duration{microseconds{x.number(column)} + to_steady};
    };
    auto length = [](sqlite::statement& x, int column) -> duration {
      return x.is_null(column) ? forever : duration{microseconds{x.number(column)}};
    };
    db.run("BEGIN");
    auto leases = db.prepare("SELECT id, name, owner, ttl_us, expires_us, identity FROM leases");
    while (leases.next())
      on_lease({static_cast<std::uint64_t>(leases.number(0)), leases.text(1),
                holder(leases, {.identity = 5, .owner = 2}), length(leases, 3), time(leases, 4)});
    auto grants = db.prepare("SELECT token, key, owner, mode, max_holders, lease, request_id, "
                             "metadata, granted_us, expires_us, ttl_us, identity "
                             "FROM grants ORDER BY token");
    while (grants.next()) {
      auto mode = grants.text(3) == "shared" ? lock_mode::shared : lock_mode::exclusive;
      on_grant(grants.text(1),
               {static_cast<std::uint64_t>(grants.number(0)),
                holder(grants, {.identity = 11, .owner = 2}), mode,
                static_cast<std::uint32_t>(grants.number(4)),
                static_cast<std::uint64_t>(grants.number(5)), grants.text(6), grants.text(7),
                time(grants, 8), time(grants, 9), length(grants, 10)});
    }
    return {};
  } catch (const sqlite::error& x) {
    return sentence(file_, x);
  }
}

// -- writing ------------------------------------------------------------------

commit_result sqlite_store::commit(const store_batch& x) {
  return try_transaction([&](const clock_reading& now) { write(x, now); });
}

sqlite_store::duration sqlite_store::keep_interval() const {
  return clock_pause;
}

commit_result sqlite_store::keep() {
  auto now = now_();
  auto drift = (now.wall - now.boot) - (noted_.wall - noted_.boot);
  if (drift > -tolerance && drift < tolerance)
    return sync_result();
  return commit({});
}

// What the disk has not taken in the background it will not be asked for again:
// so all of the log goes into the file.
commit_result sqlite_store::sync_result() {
  if (!sync_ || !sync_->has_failed())
    return {};
  copy_log_now();
  return {commit_result::refused,
          "the store cannot be written: the disk has not taken what was committed before"};
}

template <class F>
commit_result sqlite_store::try_transaction(F change) {
  if (auto synced = sync_result(); synced.what != commit_result::stored)
    return synced;
  try {
    transaction(change);
  } catch (const sqlite::error& x) {
    return {commit_result::refused, sentence(x)};
  }
  copy_log();
  if (sync_)
    sync_->changed();
  return {};
}

template <class F>
void sqlite_store::transaction(F change) {
  try {
    attempt(change);
  } catch (const sqlite::error& x) {
    auto no_room = x.code() == SQLITE_FULL || x.extended_code() == SQLITE_IOERR_WRITE;
    if (!no_room || !begin_log_anew())
      throw;
    attempt(change);
  }
  keep_log(db_, noted_use_ != store_use::closed);
}

template <class F>
void sqlite_store::attempt(F change) {
  auto last_token = last_token_;
  auto copy_is_due = noted_use_ == store_use::closed && log_pages_ >= copy_at_;
  auto use = copy_is_due ? in_use_ : store_use::closed;
  try {
    auto now = now_();
    begin_.run();
    change(now);
    note(now);
    if (use != noted_use_)
      note(use);
    commit_.run();
    noted_ = std::move(now);
    noted_use_ = use;
  } catch (const sqlite::error&) {
    last_token_ = last_token;
    roll_back();
    throw;
  }
}

void sqlite_store::roll_back() {
  try {
    if (db_.in_transaction())
      db_.run("ROLLBACK");
  } catch (const sqlite::error&) {
    // It has been rolled back by itself.
  }
}

// What could not be copied, since somebody reads the store or the disk fails, is
// still in the log.
bool sqlite_store::copy_log_now() {
  int copied = 0;
  sqlite3_wal_checkpoint_v2(db_.handle(), "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, &copied);
  auto all = copied >= log_pages_;
  copy_at_ = (all ? 0 : log_pages_) + pages_per_copy;
  return all;
}

// Only when the last commit has noted that the store is in use: the file says so
// then, and the log, behind it, that it is closed. See `store_use`.
void sqlite_store::copy_log() {
  if (noted_use_ == store_use::closed)
    return;
  copy_log_now();
  try {
    transaction([](const clock_reading&) {});
  } catch (const sqlite::error&) {
    // The next commit notes it.
  }
}

// On a disk, or with a quota, that has no room for a log of full size: when all
// of it is in the file, the next commit goes to its beginning. Returns whether
// that is so.
bool sqlite_store::begin_log_anew() {
  if (!copy_log_now())
    return false;
  copy_at_ = 0; // the file does not say yet that there is a log
  return true;
}

void sqlite_store::write(const store_batch& x, const clock_reading& now) {
  auto to_boot = now.to_boot();
  for (auto& [key, grant] : x.grants)
    put(key, *grant, to_boot);
  for (auto token : x.ended_grants) {
    end_grant_.bind(1, static_cast<std::int64_t>(token));
    end_grant_.run();
  }
  for (auto* lease : x.new_leases) {
    auto id = static_cast<std::int64_t>(lease->id);
    last_lease_ = std::max(last_lease_, id);
    put_lease_.bind(1, id);
    put_lease_.bind(2, std::string_view{lease->name});
    bind(put_lease_, {.identity = 6, .owner = 3}, lease->owner);
    put_lease_.bind(4, us(lease->ttl));
    put_lease_.bind(5, us(lease->expires_at, to_boot));
    put_lease_.run();
  }
  for (auto* lease : x.renewed_leases) {
    renew_lease_.bind(1, us(lease->expires_at, to_boot));
    renew_lease_.bind(2, static_cast<std::int64_t>(lease->id));
    renew_lease_.run();
  }
  for (auto id : x.ended_leases) {
    end_lease_.bind(1, static_cast<std::int64_t>(id));
    end_lease_.run();
  }
}

void sqlite_store::put(std::string_view key, const grant_record& x, microseconds to_boot) {
  auto token = static_cast<std::int64_t>(x.token);
  last_token_ = std::max(last_token_, token);
  auto shared = x.mode == lock_mode::shared;
  put_grant_.bind(1, token);
  put_grant_.bind(2, key);
  bind(put_grant_, {.identity = 12, .owner = 3}, x.owner);
  put_grant_.bind(4, std::string_view{shared ? "shared" : "exclusive"});
  put_grant_.bind(5, std::int64_t{x.limit});
  put_grant_.bind(6,
                  x.lease != 0 ? std::optional{static_cast<std::int64_t>(x.lease)} : std::nullopt);
  put_grant_.bind(7, std::string_view{x.request_id});
  put_grant_.bind(8, std::string_view{x.metadata});
  put_grant_.bind(9, us(x.ttl));
  put_grant_.bind(10, us(x.since, to_boot));
  put_grant_.bind(11, us(x.expires_at, to_boot));
  put_grant_.run();
}

// What the clocks say, with each commit: the next start counts from here.
void sqlite_store::note(const clock_reading& now) {
  note_.bind(1, last_token_);
  note_.bind(2, std::string_view{now.boot_id});
  note_.bind(3, std::int64_t{now.boot.count()});
  note_.bind(4, std::int64_t{now.wall.count()});
  note_.run();
}

void sqlite_store::note(store_use x) {
  auto version = static_cast<std::int64_t>(store_migrations().size());
  db_.run(("PRAGMA user_version = " + std::to_string(user_version(version, x))).c_str());
}

} // namespace lockserver
