// A client for Lock::Server's own protocol: requests such as `GET /LOCK/key/name`, and
// answers of one line. For programs that used Perl's Lock::Server::Client, and for
// servers that speak only this protocol. New programs should use `rest_client`: its locks
// have tokens, can be renewed, and survive a lost answer. Both clients reach the same
// locks.
#pragma once

#include "lockserver/client_options.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace lockserver {

class client_parts;

/// The times of one `lock` call. The server's default applies to what is not set.
struct lock_times {
  using duration = std::chrono::microseconds;
  std::optional<duration> lock_timeout{};         ///< How long the lock lasts.
  std::optional<duration> lock_attempt_timeout{}; ///< How long to wait for it; 0: do not wait.
};

enum class lock_status {
  held,         ///< The caller has the lock until `expires_at`.
  not_obtained, ///< Not granted in time, or this name already holds it or waits for it.
  error,        ///< No usable answer; see `error` and `message`.
};

/// The result of `lines_client::lock`. Converts to true when the lock is held.
struct lock_result {
  lock_status status = lock_status::not_obtained;
  /// When the server ends the lock, by the server's clock. Valid when held.
  std::chrono::system_clock::time_point expires_at{};
  /// Why there was no answer. Valid when `status` is `error`.
  std::error_code error{};
  /// A sentence: what is wrong with the request ("lock_timeout must be …"), or the
  /// address of the server and the text of `error`. Empty otherwise.
  std::string message{};

  explicit operator bool() const noexcept {
    return status == lock_status::held;
  }
};

/// Asks one server for locks in the name of one requester.
///
/// Thread-safe, and usable after a fork, as `rest_client` is.
///
/// If the kept connection turns out to be dead, a request that changes nothing
/// (`is_locked`, `locked_by_me`, `ping`) is repeated once on a new one. `lock`, `unlock`
/// and `shutdown` are not repeated once bytes of them may have reached the server. Their
/// result is then an error, and the state of the lock is unknown until you ask or it
/// expires.
///
/// Errors: methods with a `std::error_code&` set it, clear it on success, and do not
/// throw. Overloads without it throw `std::system_error`. `lock`, `ping` and `shutdown`
/// never throw for an unreachable server. The codes are those of `errc`, or the system's
/// code when no connection could be made. A key that no server accepts is refused with
/// `std::errc::invalid_argument`, and nothing is sent.
///
/// A call takes at most `reconnect_attempts` times `connect_timeout`, the pauses between
/// the attempts, `answer_timeout`, and the wait of a `lock`.
class lines_client {
public:
  /// Does not connect yet.
  /// @param name the requester's name: like a key, 1 to 512 bytes of UTF-8 without
  ///        control characters.
  /// @param host a name, or a numeric IPv4 or IPv6 address (without brackets).
  /// @throws std::invalid_argument when the name is not valid, the host is empty or has
  /// control characters, or an option has a value that cannot be used.
  explicit lines_client(std::string name, const std::string& host = "127.0.0.1",
                        std::uint16_t port = 8004, const client_options& options = {});

  ~lines_client();
  lines_client(lines_client&&) noexcept;
  lines_client& operator=(lines_client&&) noexcept;

  /// The requester's name, as given to the constructor.
  const std::string& name() const noexcept;

  /// Returns whether anyone holds `key`.
  bool is_locked(std::string_view key) const;
  bool is_locked(std::string_view key, std::error_code& ec) const;

  /// Returns whether this name holds `key` now.
  bool locked_by_me(std::string_view key) const;
  bool locked_by_me(std::string_view key, std::error_code& ec) const;

  /// Asks for `key`, and waits until it is granted or the wait is over. Locks are not
  /// re-entrant: a name that already holds `key` or waits for it gets `not_obtained` at
  /// once.
  lock_result lock(std::string_view key, lock_times times = {}) const;

  /// Releases `key`. Returns true if this name held it and no longer does, and false if
  /// it did not hold it, for instance because the time was over.
  bool unlock(std::string_view key) const;
  bool unlock(std::string_view key, std::error_code& ec) const;

  /// Returns whether the server answers within `ping_timeout`.
  bool ping() const;

  /// Asks the server to stop. Returns whether it agreed. It agrees only if it was started
  /// with `allow_shutdown`.
  bool shutdown() const;

private:
  std::unique_ptr<client_parts> impl_;
};

} // namespace lockserver
