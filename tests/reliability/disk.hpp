// The disk below the server's data, which can be made full and well again.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace reliability {

class disk {
public:
  /// @param directory exists, and is empty.
  /// @param megabytes mounts a file system of that size there, which takes
  ///        root; 0: uses what is there, and fills it by a limit of the process.
  /// Throws `std::system_error`.
  disk(std::string directory, unsigned megabytes);
  disk(const disk&) = delete;
  disk& operator=(const disk&) = delete;
  /// Unmounts.
  ~disk();

  const std::string& directory() const noexcept {
    return directory_;
  }

  /// From now on `server` cannot make files longer: with a file system of its
  /// own all of them, else those of at least `limit` bytes.
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
