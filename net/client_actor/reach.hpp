// Opens a TCP connection within a time limit. CAF's own connect has none: a host that
// does not answer blocks it for two minutes. Knows no CAF.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace lockserver {

/// A socket that is closed by the destructor.
class owned_socket {
public:
  owned_socket() = default;
  explicit owned_socket(int fd) noexcept : fd_(fd) {
  }
  owned_socket(owned_socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {
  }
  owned_socket& operator=(owned_socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~owned_socket();

  explicit operator bool() const noexcept {
    return fd_ >= 0;
  }
  int get() const noexcept {
    return fd_;
  }
  int release() noexcept {
    return std::exchange(fd_, -1);
  }

  /// Another owner of the same connection; none if the system has no more descriptors.
  owned_socket duplicate() const;
  /// Ends the connection for all its owners.
  void shut_down() noexcept;

private:
  int fd_ = -1;
};

/// Ends a wait of another thread.
class interruption {
public:
  interruption();

  /// Ends all waits, present and future. Thread-safe.
  void notify() noexcept;

  /// The descriptor becomes readable when `notify` is called.
  int fd() const noexcept {
    return event_.get();
  }

private:
  owned_socket event_;
};

/// Connects to the first address of `host` that answers. Blocks at most for `timeout`
/// plus the time to look up the name; an interruption ends the former.
/// @param[out] problem why there is no socket, such as "Connection refused".
owned_socket reach(const std::string& host, std::uint16_t port, std::chrono::nanoseconds timeout,
                   const interruption& interrupt, std::string& problem);

} // namespace lockserver
