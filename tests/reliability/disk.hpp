// The disk of the server's data, which can be made full and usable again.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace reliability {

class disk {
public:
  /// @param directory must exist and be empty.
  /// @param megabytes mounts a file system of that size there, as root; 0: uses the
  ///        existing one, and fills it with a limit for the process. Throws
  ///        `std::system_error`.
  disk(std::string directory, unsigned megabytes);
  disk(const disk&) = delete;
  disk& operator=(const disk&) = delete;
  /// Unmounts.
  ~disk();

  const std::string& directory() const noexcept {
    return directory_;
  }

  /// From now on `server` cannot extend files. With a file system of its own this applies
  /// to all files, otherwise to those of at least `limit` bytes.
  void fill(pid_t server, std::uint64_t limit);

  void empty(pid_t server);

private:
  std::string ballast() const {
    return directory_ + "/ballast";
  }

  std::string directory_;
  bool mounted_ = false;
};

} // namespace reliability
