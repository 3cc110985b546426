#include "store/sqlite/sqlite.hpp"

namespace lockserver::sqlite {

// -- database -----------------------------------------------------------------

database::database(const std::string& file, int flags) {
  sqlite3* opened = nullptr;
  // Else each call locks a mutex or several: a tenth of what a stored change costs.
  auto code = sqlite3_open_v2(file.c_str(), &opened, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  handle_.reset(opened);
  if (code != SQLITE_OK)
    throw error{code, opened != nullptr ? sqlite3_errmsg(opened) : sqlite3_errstr(code)};
}

void database::run(const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    fail();
}

std::int64_t database::number(const char* sql) {
  auto x = prepare(sql);
  return x.next() ? x.number(0) : 0;
}

statement database::prepare(std::string_view sql) {
  sqlite3_stmt* result = nullptr;
  if (sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &result, nullptr)
      != SQLITE_OK)
    fail();
  return statement{result};
}

void database::fail() const {
  throw error{sqlite3_extended_errcode(handle_.get()), sqlite3_errmsg(handle_.get())};
}

// -- file ---------------------------------------------------------------------

file::file(const char* name, int flags) {
  auto* disk = sqlite3_vfs_find(nullptr);
  auto size = static_cast<std::size_t>(disk->szOsFile) / sizeof(std::max_align_t) + 1;
  memory_ = std::make_unique<std::max_align_t[]>(size);
  if (auto code = disk->xOpen(disk, name, get(), flags, nullptr); code != SQLITE_OK)
    throw error{code, sqlite3_errstr(code)};
}

file::~file() {
  get()->pMethods->xClose(get());
}

bool file::sync() {
  return get()->pMethods->xSync(get(), SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY) == SQLITE_OK;
}

// -- statement ----------------------------------------------------------------

void statement::bind(int place, std::int64_t x) {
  check(sqlite3_bind_int64(handle_.get(), place, x));
}

void statement::bind(int place, std::string_view x) {
  auto* begin = x.data() != nullptr ? x.data() : ""; // SQLite takes a null pointer for NULL
  check(sqlite3_bind_text(handle_.get(), place, begin, static_cast<int>(x.size()), SQLITE_STATIC));
}

void statement::bind(int place, std::optional<std::int64_t> x) {
  if (x)
    bind(place, *x);
  else
    check(sqlite3_bind_null(handle_.get(), place));
}

void statement::run() {
  while (next()) {
  }
}

bool statement::next() {
  auto code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW)
    return true;
  auto result = sqlite3_reset(handle_.get());
  if (code != SQLITE_DONE)
    check(result);
  return false;
}

std::string statement::text(int column) const {
  auto* begin = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column));
  return begin != nullptr ? std::string{begin, size} : std::string{};
}

void statement::check(int code) const {
  if (code != SQLITE_OK) {
    auto* db = sqlite3_db_handle(handle_.get());
    throw error{sqlite3_extended_errcode(db), sqlite3_errmsg(db)};
  }
}

} // namespace lockserver::sqlite
