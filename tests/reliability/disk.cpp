#include "tests/reliability/disk.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace reliability {

namespace {

void limit_files(pid_t process, rlim_t bytes) {
  // Only the soft limit changes, so that it can be restored.
  rlimit limit{};
  if (prlimit(process, RLIMIT_FSIZE, nullptr, &limit) != 0)
    return; // it has just ended
  limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
  prlimit(process, RLIMIT_FSIZE, &limit, nullptr);
}

} // namespace

disk::disk(std::string directory, unsigned megabytes) : directory_(std::move(directory)) {
  if (megabytes == 0)
    return;
  auto options = "size=" + std::to_string(megabytes) + "m";
  if (mount("torture", directory_.c_str(), "tmpfs", 0, options.c_str()) != 0)
    throw std::system_error{errno, std::generic_category(), "mount"};
  mounted_ = true;
}

disk::~disk() {
  if (mounted_)
    umount2(directory_.c_str(), MNT_DETACH);
}

void disk::fill(pid_t server, std::uint64_t limit) {
  if (!mounted_)
    return limit_files(server, limit);
  auto file = ::open(ballast().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0)
    return; // the disk is completely full
  static constexpr std::array<char, 4096> block{};
  while (::write(file, block.data(), block.size()) > 0)
    ;
  ::close(file);
}

void disk::empty(pid_t server) {
  if (!mounted_)
    return limit_files(server, RLIM_INFINITY);
  ::unlink(ballast().c_str());
}

} // namespace reliability
