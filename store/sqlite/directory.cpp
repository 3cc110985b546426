#include "store/sqlite/directory.hpp"

#include "store/sqlite/schema.hpp"
#include "store/sqlite/wal_check.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

namespace lockserver {

namespace {

std::string system_error() {
  return std::system_category().message(errno);
}

// A new name in a directory is on disk when the directory is. As SQLite does for
// its files, as far as the file system lets one.
void sync_directory(const std::string& x) {
  auto fd = ::open(x.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return;
  fsync(fd);
  close(fd);
}

std::string make_directory(const std::string& x) {
  if (mkdir(x.c_str(), 0700) == 0)
    sync_directory(x + "/..");
  else if (errno != EEXIST)
    throw store_error{"cannot make the data directory " + x + ": " + system_error()};
  return x;
}

// Only its owner may read the store: who knows a lease's name may use it. SQLite
// gives its other files the same mode.
int open_file(const std::string& directory, const char* name) {
  auto fd = ::open((directory + name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    throw store_error{"cannot write to the data directory " + directory + ": " + system_error()};
  return fd;
}

// Far behind the bytes that SQLite locks, and any store's end.
constexpr auto locked_byte = std::int64_t{1} << 62;

// A lock of the open file, as `flock` gives one, but of one byte: where `flock`
// is made of locks of all bytes (NFS), it would shut out SQLite.
int lock_byte(int fd) {
  struct flock x {};
  x.l_type = F_WRLCK;
  x.l_whence = SEEK_SET;
  x.l_start = locked_byte;
  x.l_len = 1;
  auto result = fcntl(fd, F_OFD_SETLK, &x);
  if (result != 0 && errno == EACCES)
    errno = EWOULDBLOCK;
  return result;
}

void require_lock(int result, const std::string& directory) {
  if (result == 0)
    return;
  if (errno == EWOULDBLOCK)
    throw store_error{"another server uses the data directory " + directory
                      + ": stop it, or choose another directory"};
  throw store_error{"cannot lock the data directory " + directory + ": " + system_error()
                    + "; choose one on a local disk"};
}

} // namespace

// -- directory_lock -----------------------------------------------------------

directory_lock::descriptor::~descriptor() {
  if (value >= 0)
    close(value);
}

directory_lock::directory_lock(const std::string& directory)
  : directory_{open_file(make_directory(directory), "/lock")} {
  require_lock(flock(directory_.value, LOCK_EX | LOCK_NB), directory);
  store_.value = open_file(directory, "/locks.db");
  require_lock(lock_byte(store_.value), directory);
}

// -- the log ------------------------------------------------------------------

namespace {

// What the first bytes of a file of SQLite say, without its log.
struct database_head {
  bool is_ours = false;
  store_use use = store_use::closed;
};

database_head head_of(const std::string& file) {
  // See https://www.sqlite.org/fileformat2.html#the_database_header
  constexpr std::string_view magic{"SQLite format 3\0", 16};
  std::array<char, 100> x{};
  std::ifstream in{file, std::ios::binary};
  if (!in.read(x.data(), x.size()) || std::string_view{x.data(), magic.size()} != magic)
    return {};
  auto number = [&x](std::size_t place) {
    std::uint32_t result = 0;
    for (std::size_t i = 0; i < 4; ++i)
      result = result << 8 | static_cast<unsigned char>(x[place + i]);
    return std::int64_t{result};
  };
  // A store that has never been copied out of its log has no id yet.
  auto id = number(68);
  if (id != 0 && id != store_application_id)
    return {};
  return {true, use_of(number(60))};
}

// Bytes in a file; 0 if there is none.
std::uintmax_t size_of(const std::string& file) {
  std::error_code ec;
  auto result = std::filesystem::file_size(file, ec);
  return ec ? 0 : result;
}

std::string look(const std::string& file) {
  auto log = file + "-wal";
  constexpr auto what_to_do
    = ": put it back, restore a copy of the store, or move the store away, which forgets all locks";
  // SQLite writes the file before its log, and would take the log for a leftover.
  if (size_of(file) == 0 && size_of(log) > 0)
    return file + " is missing or empty, and its log is there" + what_to_do;
  auto head = head_of(file);
  if (!head.is_ours)
    return {};
  std::ifstream in{log, std::ios::binary};
  auto found = check_wal(in);
  auto is_used = head.use != store_use::closed;
  switch (found.what) {
    case wal_report::empty:
      if (is_used)
        return log + " is missing or empty, and with it the last changes of the store" + what_to_do;
      break;
    case wal_report::bad_header:
      // A store whose making was interrupted may have no more.
      if (is_used || found.size > wal_header_size)
        return log + " is damaged at its beginning, and with it the last changes of the store"
               + what_to_do;
      break;
    case wal_report::damaged:
      // Without waiting for the disk, a power cut leaves any part of the log.
      if (head.use != store_use::unsynced)
        return log + " is damaged at byte " + std::to_string(found.position)
               + ", and with it the changes of the store behind that" + what_to_do;
      break;
    case wal_report::sound:
      break;
  }
  return {};
}

} // namespace

std::string log_problem(const std::string& file) {
  // Of what is being written one may see the beginning and the end at different
  // times. What is wrong for good is seen twice.
  auto last = look(file);
  for (int i = 0; i < 10 && !last.empty(); ++i)
    if (auto next = look(file); std::exchange(last, next) == next)
      break;
  return last;
}

} // namespace lockserver
