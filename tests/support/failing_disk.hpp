// A disk that fails when a test says so: what SQLite asks of the system goes
// through here, and else to the real one.
#pragma once

#include "store/sqlite/sqlite.hpp"

#include <atomic>
#include <cstddef>
#include <limits>
#include <new>

namespace lockserver::test {

/// SQLite's way to the disk while this lives, for all that is opened meanwhile
/// and closed before its end.
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

  /// What writing is answered with; SQLITE_OK: it works.
  std::atomic<int> write = SQLITE_OK;
  /// What waiting for the disk is answered with.
  std::atomic<int> sync = SQLITE_OK;
  /// The same for the one that comes after so many writes and waits, and those
  /// behind it; 0: for all.
  std::size_t after = 0;
  /// Only so many fail, the next work again; 0: all do.
  std::size_t times = 0;
  /// SQLite's logs cannot grow above this, and neither can other files above
  /// `file_room`: what goes beyond is answered with `no_room`.
  sqlite3_int64 log_room = std::numeric_limits<sqlite3_int64>::max();
  sqlite3_int64 file_room = std::numeric_limits<sqlite3_int64>::max();
  int no_room = SQLITE_FULL;
  /// How many writes and waits there were, and how many of them failed.
  std::atomic<std::size_t> uses = 0;
  std::atomic<std::size_t> failures = 0;
  /// How often SQLite's logs were waited for.
  std::atomic<std::size_t> log_syncs = 0;
  /// Whether the first that failed was a wait: what was written before it may be
  /// there.
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
