// As much of SQLite as the store needs, with C++'s lifetimes. Errors are
// exceptions here; they do not leave store/.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace lockserver::sqlite {

class error : public std::runtime_error {
public:
  error(int code, const std::string& what) : std::runtime_error(what), code_(code) {
  }

  /// Not the extended one.
  int code() const noexcept {
    return code_ & 0xff;
  }
  int extended_code() const noexcept {
    return code_;
  }

private:
  int code_;
};

class statement;

/// With its statements, used by one thread at a time.
class database {
public:
  /// @param flags of `sqlite3_open_v2`.
  database(const std::string& file, int flags);

  /// Runs statements that return nothing, one after the other.
  void run(const char* sql);

  /// The first number that `sql` returns.
  std::int64_t number(const char* sql);

  statement prepare(std::string_view sql);

  /// Whether a transaction is under way.
  bool in_transaction() const noexcept {
    return sqlite3_get_autocommit(handle_.get()) == 0;
  }

  /// Whatever else SQLite can do.
  sqlite3* handle() noexcept {
    return handle_.get();
  }

private:
  [[noreturn]] void fail() const;

  struct close {
    void operator()(sqlite3* x) const noexcept {
      sqlite3_close_v2(x);
    }
  };
  std::unique_ptr<sqlite3, close> handle_;
};

/// A file that SQLite also has open, by SQLite's way to the disk.
class file {
public:
  /// @param name as SQLite calls it: not any string will do.
  /// @param flags of `sqlite3_open_v2`, with the kind of the file.
  file(const char* name, int flags);
  ~file();

  file(const file&) = delete;
  file& operator=(const file&) = delete;

  /// Waits until the disk has all that was written to it by now. Returns whether
  /// it has.
  bool sync();

private:
  sqlite3_file* get() noexcept {
    return reinterpret_cast<sqlite3_file*>(memory_.get());
  }

  std::unique_ptr<std::max_align_t[]> memory_; // which SQLite wants to be given
};

/// Texts that are bound must live until `run` or the last `next`.
class statement {
public:
  explicit statement(sqlite3_stmt* x) : handle_(x) {
  }

  void bind(int place, std::int64_t x);
  void bind(int place, std::string_view x);
  /// Nothing becomes NULL.
  void bind(int place, std::optional<std::int64_t> x);

  /// Begins anew, and runs to the end.
  void run();

  /// Goes to the next row. Returns whether there is one; else begins anew.
  bool next();

  std::int64_t number(int column) const noexcept {
    return sqlite3_column_int64(handle_.get(), column);
  }
  bool is_null(int column) const noexcept {
    return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
  }
  std::string text(int column) const;

private:
  void check(int code) const;

  struct finalize {
    void operator()(sqlite3_stmt* x) const noexcept {
      sqlite3_finalize(x);
    }
  };
  std::unique_ptr<sqlite3_stmt, finalize> handle_;
};

} // namespace lockserver::sqlite
