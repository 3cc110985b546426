#include "net/access/access_file.hpp"

#include "net/access/access_error.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace lockserver {

namespace {

[[noreturn]] void fail(int error) {
  throw access_error{"cannot be read: " + std::system_category().message(error)};
}

struct open_file {
  explicit open_file(const std::string& name)
    // Without O_NONBLOCK, the open of a pipe would wait for a writer.
    : fd(open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {
    if (fd < 0)
      fail(errno);
  }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  ~open_file() {
    close(fd);
  }

  int fd;
};

std::string octal(mode_t mode) {
  std::string result;
  for (auto shift : {6, 3, 0})
    result += static_cast<char>('0' + ((mode >> shift) & 7));
  return result;
}

// Checks the open file, because its name may belong to another file by now.
void check(int fd) {
  struct stat x {};
  if (fstat(fd, &x) != 0)
    fail(errno);
  if (!S_ISREG(x.st_mode))
    throw access_error{"is not a regular file"};
  if ((x.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    throw access_error{"may be written by others than its owner (its mode is " + octal(x.st_mode)
                       + "): use chmod go-w"};
}

} // namespace

std::string read_access_file(const std::string& name) {
  open_file file{name};
  check(file.fd);
  std::string result;
  std::array<char, 64 * 1024> buffer{};
  for (;;) {
    auto size = read(file.fd, buffer.data(), buffer.size());
    if (size == 0)
      return result;
    if (size < 0 && errno != EINTR)
      fail(errno);
    if (size > 0)
      result.append(buffer.data(), static_cast<std::size_t>(size));
    if (result.size() > max_access_file)
      throw access_error{"is longer than 16 MiB"};
  }
}

} // namespace lockserver
