// A client of the lock server in Lock::Server's own protocol: requests such as
// `GET /LOCK/key/name`, answers of one line. For programs that come from Perl's
// Lock::Server::Client, and for servers that speak nothing else. New programs use
// `rest_client`, whose locks have tokens, can be renewed, and survive a lost answer.
// Both reach the same locks.
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

/// Times of one `lock` call; what is not set is the server's default.
struct lock_times {
  using duration = std::chrono::microseconds;
  std::optional<duration> lock_timeout{};         ///< How long the lock lasts.
  std::optional<duration> lock_attempt_timeout{}; ///< How long to wait for it; 0 = do not.
};

enum class lock_status {
  held,         ///< The caller has the lock until `expires_at`.
  not_obtained, ///< Not in time, or this name holds or waits for it already.
  error,        ///< No usable answer; see `error` and `message`.
};

/// What `lines_client::lock` came to. Converts to true when the lock is held.
struct lock_result {
  lock_status status = lock_status::not_obtained;
  /// When the server ends the lock, by the server's clock. Valid when held.
  std::chrono::system_clock::time_point expires_at{};
  /// Why there was no answer. Valid when `status` is `error`.
  std::error_code error{};
  /// What is wrong with the request, in a sentence ("lock_timeout must be …"),
  /// or whom `error` is about and its text; empty otherwise.
  std::string message{};

  explicit operator bool() const noexcept {
    return status == lock_status::held;
  }
};

/// Asks one server for locks in the name of one requester.
///
/// Thread-safe, and usable after a fork, as `rest_client`.
///
/// When the kept connection turns out dead, a request that changes nothing
/// (`is_locked`, `locked_by_me`, `ping`) is repeated once on a new one. `lock`,
/// `unlock` and `shutdown` are not repeated once bytes of them may have reached
/// the server: their result is an error, and the lock's state is unknown until
/// asked or expired.
///
/// Errors: methods that take a `std::error_code&` set it (and clear it on
/// success) and do not throw for it; the overloads without throw
/// `std::system_error`. `lock`, `ping` and `shutdown` never throw for an
/// unreachable server. The codes are those of `errc` and of a
/// connection that could not be made; a key that no server takes is refused
/// with `std::errc::invalid_argument`, and nothing is sent.
///
/// The longest that a call takes: `reconnect_attempts` times `connect_timeout`
/// and the pauses between them, then `answer_timeout` and what a `lock` waits.
class lines_client {
public:
  /// Does not connect yet.
  /// @param name the requester's name, 1 to 512 bytes of UTF-8 without control
  ///        characters, as a key.
  /// @param host a name, or a numeric IPv4 or IPv6 address (without brackets).
  /// Throws `std::invalid_argument` when the name is none, or the host is empty
  /// or has control characters.
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

  /// Asks for `key` and waits until it is granted or the wait runs out. Locks
  /// are not re-entrant: a name that holds or waits for `key` already gets
  /// `not_obtained` at once.
  lock_result lock(std::string_view key, lock_times times = {}) const;

  /// Gives `key` back. Returns true when this name held it and no longer does,
  /// false when it did not hold it (for instance because the time ran out).
  bool unlock(std::string_view key) const;
  bool unlock(std::string_view key, std::error_code& ec) const;

  /// Returns whether the server answers within `ping_timeout`.
  bool ping() const;

  /// Asks the server to stop. Returns whether it agreed, which it does only
  /// when it was started with `allow_shutdown`.
  bool shutdown() const;

private:
  std::unique_ptr<client_parts> impl_;
};

} // namespace lockserver
