// A client of the server's first dialect (Lock::Server's protocol) over HTTP.
// Knows nothing of actors: a program that only uses this links no CAF.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace lockserver {

/// Why a call has no result. A connection that could not be made has the
/// system's own code instead ("Connection refused", "Host not found"), unless
/// it took too long.
enum class client_errc {
  bad_request = 1, ///< The server refused the request as wrong (400).
  unavailable,     ///< The server stops, is overloaded, or serves too many already (503, 429).
  bad_answer,      ///< Something answered, but not as a lock server does.
  timeout,         ///< No connection, or no answer, in time.
  connection_lost, ///< The connection broke before the answer was complete.
};

/// The category `lockserver.rest_client`.
const std::error_category& client_category() noexcept;

inline std::error_code make_error_code(client_errc x) noexcept {
  return {static_cast<int>(x), client_category()};
}

} // namespace lockserver

template <>
struct std::is_error_code_enum<lockserver::client_errc> : std::true_type {};

namespace lockserver {

/// How a client connects and how long it waits. Defaults are those of
/// Lock::Server::Client where it has them.
struct client_options {
  using duration = std::chrono::microseconds;

  /// How often to try to connect before giving up, at least once.
  unsigned reconnect_attempts = 3;

  /// Pause after the n-th failed try: n times this.
  duration time_between_attempts = std::chrono::seconds{3};

  /// `ping` gives up after this, including the time to connect.
  duration ping_timeout = std::chrono::seconds{3};

  /// Longest time for one try to connect, over all addresses of the host.
  duration connect_timeout = std::chrono::seconds{5};

  /// Longest time for an answer, on top of the time that a LOCK may wait by
  /// its own `lock_attempt_timeout` (or, when the call names none, on top of
  /// `longest_wait`).
  duration answer_timeout = std::chrono::seconds{10};

  /// The longest that a `lock` without times of its own may wait on the
  /// server: not less than the server's `lock_attempt_timeout`.
  duration longest_wait = std::chrono::seconds{60};
};

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

/// What `rest_client::lock` came to. Converts to true when the lock is held.
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
/// Thread-safe: any number of threads may call any method at once. One
/// connection is kept alive between calls; a call that finds it in use opens
/// one of its own, so that a `lock` that waits never delays an `unlock`.
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
/// unreachable server. The codes are those of `client_errc` and of a
/// connection that could not be made; a key that no server takes is refused
/// with `std::errc::invalid_argument`, and nothing is sent.
///
/// The longest that a call takes: `reconnect_attempts` times `connect_timeout`
/// and the pauses between them, then `answer_timeout` and what a `lock` waits.
class rest_client {
public:
  /// Does not connect yet.
  /// @param name the requester's name, 1 to 512 bytes of UTF-8 without control
  ///        characters, as a key.
  /// @param host a name, or a numeric IPv4 or IPv6 address (without brackets).
  /// Throws `std::invalid_argument` when the name is none, or the host is empty
  /// or has control characters.
  explicit rest_client(std::string name, std::string host = "127.0.0.1", std::uint16_t port = 8004,
                       client_options options = {});

  ~rest_client();
  rest_client(rest_client&&) noexcept;
  rest_client& operator=(rest_client&&) noexcept;

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
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace lockserver
