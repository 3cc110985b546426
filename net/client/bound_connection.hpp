// The connection that a lock was bound to: for as long as it stands, and no longer,
// the server lets the lock last.
#pragma once

#include <atomic>

namespace lockserver {

/// Owns a socket, of no I/O context, on which nothing is under way. It closes with
/// the last handle of it in this process and in those that were forked from it.
class bound_connection {
public:
  explicit bound_connection(int socket) noexcept;
  bound_connection(const bound_connection&) = delete;
  bound_connection& operator=(const bound_connection&) = delete;
  ~bound_connection();

  /// Whether it has not ended, as far as can be seen from here without waiting.
  bool stands() const noexcept;

  /// Another handle of the socket, the caller's own; below 0 when there are none left.
  int share() const noexcept;

  /// Not while another method runs.
  void close() noexcept;

private:
  std::atomic<int> socket_;
};

} // namespace lockserver
