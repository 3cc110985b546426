// The connection that a lock is bound to. The server ends the lock when the connection
// ends.
#pragma once

#include "net/client/secure_context.hpp"

#include <atomic>

namespace lockserver {

/// Owns a socket without an I/O context and without operations under way. The connection
/// closes with its last handle in this process and its child processes.
class bound_connection {
public:
  /// @param tls of the connection; null: plain.
  bound_connection(int socket, ssl_pointer tls) noexcept;
  bound_connection(const bound_connection&) = delete;
  bound_connection& operator=(const bound_connection&) = delete;
  ~bound_connection();

  /// Whether the connection has not ended, as far as this can be seen without waiting.
  bool stands() const noexcept;

  /// Returns another handle of the socket, which the caller owns; below 0 if the system
  /// has no more.
  int share() const noexcept;

  /// Its TLS, which serves one handle at a time; null: plain.
  ssl_pointer share_tls() const noexcept;

  /// Must not be called while another method runs.
  void close() noexcept;

private:
  std::atomic<int> socket_;
  const ssl_pointer tls_;
};

} // namespace lockserver
