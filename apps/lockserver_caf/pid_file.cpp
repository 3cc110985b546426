#include "apps/lockserver_caf/pid_file.hpp"

#include "apps/lockserver_caf/failure.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <sstream>
#include <system_error>
#include <thread>
#include <utility>

namespace lockserver::program {

namespace {

bool try_lock(int fd, int kind) {
  while (flock(fd, kind | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return false;
    if (errno != EINTR)
      throw failure{exit_status::internal, "cannot lock the pid file: " + last_error()};
  }
  return true;
}

// `stop` and `ping` lock a stale file for a moment, to find out that it is stale.
bool lock_exclusively(int fd) {
  for (auto tries = 0; tries < 20; ++tries) {
    if (try_lock(fd, LOCK_EX))
      return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return false;
}

// The two lines of a pid file; `port` is 0 if there is no valid one.
struct content {
  pid_t pid = 0;
  std::string host;
  std::uint16_t port = 0;
};

content read(int fd) {
  std::array<char, 512> buffer{}; // more than the two lines need
  content result;
  auto size = pread(fd, buffer.data(), buffer.size(), 0);
  std::istringstream text{{buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0}};
  std::string where;
  text >> result.pid >> where;
  auto colon = where.rfind(':');
  if (!text || result.pid <= 0 || colon == std::string::npos)
    return {};
  result.host = where.substr(0, colon);
  if (result.host.size() > 2 && result.host.front() == '[')
    result.host = result.host.substr(1, result.host.size() - 2);
  std::from_chars(where.data() + colon + 1, where.data() + where.size(), result.port);
  return result;
}

bool is_at(int fd, const std::string& path) {
  struct stat mine {};
  struct stat there {};
  return fstat(fd, &mine) == 0 && stat(path.c_str(), &there) == 0 && mine.st_dev == there.st_dev
         && mine.st_ino == there.st_ino;
}

} // namespace

std::string endpoint(const std::string& host, std::uint16_t port) {
  auto text = host.find(':') == std::string::npos ? host : '[' + host + ']';
  return text + ':' + std::to_string(port);
}

// -- pid_file -----------------------------------------------------------------

pid_file::pid_file(std::string path) : path_(std::move(path)) {
  for (;;) {
    fd_ = open(path_.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd_ < 0 && errno == ELOOP)
      throw failure{exit_status::cannot_create,
                    "the pid file " + path_
                      + " is a symbolic link, which would make or take over the file that it "
                        "names: remove it, or name that file"};
    if (fd_ < 0)
      throw failure{exit_status::cannot_create,
                    "cannot write the pid file " + path_ + ": " + last_error()};
    if (!lock_exclusively(fd_)) {
      auto owner = read(fd_);
      close(fd_);
      throw failure{exit_status::unavailable,
                    "the pid file " + path_ + " is that of "
                      + (owner.port == 0
                           ? "a server that is starting"
                           : "process " + std::to_string(owner.pid) + ", which serves on "
                               + endpoint(owner.host, owner.port))};
    }
    // Its last owner may have removed the file since it was opened.
    if (is_at(fd_, path_))
      break;
    close(fd_);
  }
  struct stat file {};
  fstat(fd_, &file);
  if (file.st_size > 0 && read(fd_).port == 0) {
    close(fd_);
    throw failure{exit_status::cannot_create,
                  "the file " + path_ + " exists and is no pid file: not overwritten"};
  }
  if (ftruncate(fd_, 0) != 0)
    throw failure{exit_status::cannot_create,
                  "cannot write the pid file " + path_ + ": " + last_error()};
}

pid_file::~pid_file() {
  if (is_at(fd_, path_))
    unlink(path_.c_str());
  // The descriptor stays open: its lock shows that the process is alive.
}

void pid_file::write(const std::string& host, std::uint16_t port) {
  auto text = std::to_string(getpid()) + '\n' + endpoint(host, port) + '\n';
  if (pwrite(fd_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    throw failure{exit_status::cannot_create,
                  "cannot write the pid file " + path_ + ": " + last_error()};
}

// -- running_server -----------------------------------------------------------

running_server::running_server(const std::string& path) {
  fd_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0)
    throw failure{exit_status::unavailable,
                  "no server: cannot read the pid file " + path + ": " + last_error()};
  auto [pid, host, port] = read(fd_);
  if (!alive())
    throw failure{exit_status::unavailable,
                  "no server: the pid file " + path + " is stale"
                    + (port == 0 ? "" : ", process " + std::to_string(pid) + " has ended")};
  if (port == 0)
    throw failure{exit_status::unavailable,
                  "the server of the pid file " + path + " is still starting"};
  pid_ = pid;
  host_ = host;
  port_ = port;
}

running_server::~running_server() {
  close(fd_);
}

bool running_server::alive() const {
  if (!try_lock(fd_, LOCK_SH))
    return true;
  flock(fd_, LOCK_UN);
  return false;
}

} // namespace lockserver::program
