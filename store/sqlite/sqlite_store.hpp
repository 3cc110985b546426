// The durable store as one SQLite file in a directory of its own. Knows no
// actors.
#pragma once

#include "lockserver/settings.hpp"
#include "store/sqlite/background_sync.hpp"
#include "store/sqlite/directory.hpp"
#include "store/sqlite/schema.hpp"
#include "store/sqlite/sqlite.hpp"
#include "store/sqlite/store_clock.hpp"
#include "store/store.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace lockserver {

/// Keeps everything in DIR/locks.db, in SQLite's WAL mode, so that a commit is
/// one write to the end of a file, and one fsync with `sync_mode::always`. With
/// `sync_mode::off` another thread waits for the disk, a second later.
/// SQLite sees to it that a process that dies at any point leaves a whole number
/// of commits.
///
/// After an I/O error at the very end of a commit (the fsync), what `commit`
/// reported as failed may be found to be there after a crash, until the next
/// commit has succeeded: the disk did not say.
class sqlite_store final : public store {
public:
  using clock = std::function<clock_reading()>;

  /// Opens the store in `directory`, and makes both if they are not there. Works
  /// off what has passed meanwhile: ends grants and leases whose time is over.
  /// Throws `store_error`: when another server uses the directory, or the file
  /// is damaged, another program's or a later version's, or cannot be written.
  /// @param sync_pause from a commit until the disk is asked to write it, with
  /// `sync_mode::off`.
  sqlite_store(const std::string& directory, sync_mode sync, clock now = read_machine_clock,
               background_sync::duration sync_pause = std::chrono::seconds{1});

  commit_result commit(const store_batch& x) override;
  /// So that a wall clock that is set while the server runs does not count as time that
  /// passes.
  commit_result keep() override;
  duration keep_interval() const override;
  /// Nobody else opens the directory.
  boot_clock::time_point answers_until() const noexcept override {
    return boot_clock::time_point::max();
  }
  /// Does not help: while the disk takes one commit, enough comes in for the next.
  duration gather() const override {
    return duration::zero();
  }
  /// A disk answers, and cannot be told to do so sooner.
  void interrupt() noexcept override {
  }
  std::string
  load(const std::function<void(lease_record&&)>& on_lease,
       const std::function<void(std::string&& key, grant_record&&)>& on_grant) const override;
  std::uint64_t last_token() const override {
    return static_cast<std::uint64_t>(last_token_);
  }
  std::uint64_t last_lease() const override {
    return static_cast<std::uint64_t>(last_lease_);
  }

private:
  // What has passed since the last commit.
  struct interval {
    clock_reading last;
    clock_reading now;

    static void time_left(sqlite3_context* context, int, sqlite3_value** arguments);
  };

  void sync_in_background(background_sync::duration pause);
  commit_result sync_result();
  void catch_up();
  void catch_up(interval since);
  void write(const store_batch& x, const clock_reading& now);
  void put(std::string_view key, const grant_record& x, clock_reading::duration to_boot);
  void note(const clock_reading& now);
  void note(store_use x);
  template <class F>
  void transaction(F change);
  template <class F>
  commit_result try_transaction(F change);
  template <class F>
  void attempt(F change);
  void roll_back();
  void copy_log();
  bool copy_log_now();
  bool begin_log_anew();

  directory_lock lock_; // outlives the database
  std::string file_;
  clock now_;
  store_use in_use_; // what is noted before a copy
  sqlite::database db_;
  sqlite::statement begin_, commit_, put_grant_, end_grant_, put_lease_, renew_lease_, end_lease_,
    note_;
  std::int64_t last_token_ = 0;
  std::int64_t last_lease_ = 0;
  store_use noted_use_ = store_use::closed;
  int log_pages_ = 0;
  int copy_at_ = 0;     // when the log has so many; first at the start
  clock_reading noted_; // by the last commit
  // With `sync_mode::off`:
  std::optional<sqlite::file> log_;
  std::optional<background_sync> sync_; // of the log
};

} // namespace lockserver
