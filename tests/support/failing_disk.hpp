// A disk that fails on demand. It stands between SQLite and the real disk.
#pragma once

#include "store/sqlite/sqlite.hpp"

#include <atomic>
#include <cstddef>
#include <limits>
#include <new>

namespace lockserver::test {

/// While this object lives, SQLite uses it for all files that it opens. They must be
/// closed before its end.
class failing_disk {
public:
  failing_disk() : real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
    vfs_.zName = "failing";
    vfs_.pAppData = this;
    vfs_.szOsFile = static_cast<int>(sizeof(file)) + real_->szOsFile;
    vfs_.xOpen = open;
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~failing_disk() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_, 1);
  }
  failing_disk(const failing_disk&) = delete;
  failing_disk& operator=(const failing_disk&) = delete;

  /// The result of writes; SQLITE_OK: they succeed.
  std::atomic<int> write = SQLITE_OK;
  /// The result of syncs.
  std::atomic<int> sync = SQLITE_OK;
  /// The number of writes and syncs that succeed before the failures begin; 0: none.
  std::size_t after = 0;
  /// The number of failures, after which everything succeeds again; 0: no limit.
  std::size_t times = 0;
  /// The maximum sizes of SQLite's logs and, in `file_room`, of other files. Writes
  /// beyond fail with `no_room`.
  sqlite3_int64 log_room = std::numeric_limits<sqlite3_int64>::max();
  sqlite3_int64 file_room = std::numeric_limits<sqlite3_int64>::max();
  int no_room = SQLITE_FULL;
  /// The numbers of writes and syncs, and of those that failed.
  std::atomic<std::size_t> uses = 0;
  std::atomic<std::size_t> failures = 0;
  /// The number of syncs of SQLite's logs.
  std::atomic<std::size_t> log_syncs = 0;
  /// Whether the first failure was a sync. Then the data written before it may be on the
  /// disk.
  bool failed_at_sync = false;

private:
  struct file {
    const sqlite3_io_methods* methods;
    failing_disk* disk;
    sqlite3_io_methods own;
    bool is_log;

    sqlite3_file* real() {
      return reinterpret_cast<sqlite3_file*>(this + 1);
    }
  };
  static file& of(sqlite3_file* x) {
    return *reinterpret_cast<file*>(x);
  }

  template <auto Member, class... Ts>
  static int pass(sqlite3_file* x, Ts... xs) {
    auto* real = of(x).real();
    return (real->pMethods->*Member)(real, xs...);
  }
  int fails(int code, bool at_sync) {
    if (++uses <= after || code == SQLITE_OK || (times != 0 && failures >= times))
      return SQLITE_OK;
    if (++failures == 1)
      failed_at_sync = at_sync;
    return code;
  }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* x, int flags, int* out) {
    auto& self = *static_cast<failing_disk*>(vfs->pAppData);
    auto* result = new (x) file{nullptr, &self, {}, (flags & SQLITE_OPEN_WAL) != 0};
    auto code = self.real_->xOpen(self.real_, name, result->real(), flags, out);
    if (code != SQLITE_OK)
      return code;
    using io = sqlite3_io_methods;
    result->own = {2,
                   close,
                   pass<&io::xRead, void*, int, sqlite3_int64>,
                   [](sqlite3_file* f, const void* data, int size, sqlite3_int64 at) {
                     auto& disk = *of(f).disk;
                     if (at + size > (of(f).is_log ? disk.log_room : disk.file_room))
                       return disk.no_room;
                     auto wrong = disk.fails(disk.write, false);
                     return wrong != SQLITE_OK ? wrong : pass<&io::xWrite>(f, data, size, at);
                   },
                   pass<&io::xTruncate, sqlite3_int64>,
                   [](sqlite3_file* f, int how) {
                     auto& disk = *of(f).disk;
                     auto wrong = disk.fails(disk.sync, true);
                     disk.log_syncs += of(f).is_log;
                     disk.log_syncs.notify_all();
                     return wrong != SQLITE_OK ? wrong : pass<&io::xSync>(f, how);
                   },
                   pass<&io::xFileSize, sqlite3_int64*>,
                   pass<&io::xLock, int>,
                   pass<&io::xUnlock, int>,
                   pass<&io::xCheckReservedLock, int*>,
                   pass<&io::xFileControl, int, void*>,
                   pass<&io::xSectorSize>,
                   pass<&io::xDeviceCharacteristics>,
                   pass<&io::xShmMap, int, int, int, void volatile**>,
                   pass<&io::xShmLock, int, int, int>,
                   [](sqlite3_file* f) {
                     auto* real = of(f).real();
                     real->pMethods->xShmBarrier(real);
                   },
                   pass<&io::xShmUnmap, int>,
                   nullptr,
                   nullptr};
    result->methods = &result->own;
    return SQLITE_OK;
  }
  static int close(sqlite3_file* x) {
    return pass<&sqlite3_io_methods::xClose>(x);
  }

  sqlite3_vfs* real_;
  sqlite3_vfs vfs_;
};

} // namespace lockserver::test
