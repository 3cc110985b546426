// A client of the lock server over HTTP, for both of its dialects: Lock::Server's
// protocol, and JSON (/v1). Knows nothing of actors: a program that only uses
// this links no CAF.
#pragma once

#include "lockserver/client_error.hpp"
#include "lockserver/client_options.hpp"
#include "lockserver/client_types.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace lockserver {

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

class client_parts;

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
/// unreachable server. The codes are those of `errc` and of a
/// connection that could not be made; a key that no server takes is refused
/// with `std::errc::invalid_argument`, and nothing is sent.
///
/// The longest that a call takes: `reconnect_attempts` times `connect_timeout`
/// and the pauses between them, then `answer_timeout` and what a `lock` waits.
///
/// A client may be used in a process that was forked from the one that made it:
/// the child has a connection of its own, and no part in the parent's locks.
class rest_client {
public:
  /// Does not connect yet.
  /// @param name the requester's name, 1 to 512 bytes of UTF-8 without control
  ///        characters, as a key.
  /// @param host a name, or a numeric IPv4 or IPv6 address (without brackets).
  /// Throws `std::invalid_argument` when the name is none, or the host is empty
  /// or has control characters.
  explicit rest_client(std::string name, const std::string& host = "127.0.0.1",
                       std::uint16_t port = 8004, client_options options = {});

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

  // -- the JSON dialect ---------------------------------------------------------
  //
  // Reaches the same locks, and tells more: fencing tokens, who holds what, and
  // why there is no lock. None of these methods throws for what the server or
  // the network does: see `answer` and `problem`.

  /// Asks for `key` in this client's name and waits until it is granted or the
  /// wait runs out. A restart of the server, or a proxy that gives up, does not
  /// end the wait: when the connection breaks, or the server or a proxy cannot
  /// serve the request now (`errc` says which outcomes are of that kind, and
  /// `Retry-After` for how long), it is asked again, after pauses that grow, with
  /// what is left of the wait. This is safe, because all tries have the same
  /// `request_id`. When the call names no wait, its time is `longest_wait`. A server
  /// that this call has never reached is not waited for: see `reconnect_attempts`.
  ///
  /// The longest that it takes is the time above for connecting, the wait, and for
  /// the last try once more `connect_timeout` and `answer_timeout`.
  client::answer<client::grant> acquire(std::string_view key,
                                        client::acquire_options options = {}) const;

  /// Lets a lock that this name holds end `ttl` from now; none: the server's
  /// `lock_timeout`. Repeated once when the connection breaks.
  /// @param token that of the grant; 0: whatever this name holds.
  client::answer<client::grant> renew(std::string_view key, std::uint64_t token,
                                      std::optional<std::chrono::milliseconds> ttl = {}) const;

  /// Gives `key` back; `not_holder` when this name did not hold it by this
  /// token, for instance because the time ran out. By its token it is asked again
  /// as an acquire is, for up to `answer_timeout`; `not_holder` in answer to a
  /// repeat means that the first has worked. Without one it is not repeated: it
  /// might end a later grant.
  /// @param token that of the grant; 0: whatever this name holds.
  client::answer<client::done> release(std::string_view key, std::uint64_t token = 0) const;

  /// For operators: takes `key` from all its holders. Returns whether there
  /// was one.
  client::answer<bool> force_release(std::string_view key) const;

  /// Who holds `key` and who waits for it. A free key is no problem.
  client::answer<client::lock_info> inspect(std::string_view key) const;

  /// One page of the held keys.
  client::answer<client::lock_page> list(const client::list_options& options = {}) const;

  /// Calls `visit` for each held key with `prefix`, in byte order, until it
  /// returns false. Locks that come and go meanwhile may be seen or not.
  /// Returns how many were visited.
  client::answer<std::uint64_t>
  for_each_lock(std::string prefix,
                const std::function<bool(const client::lock_info&)>& visit) const;

  /// Creates a lease that ends after `ttl` (none: the server's `lock_timeout`)
  /// unless it is renewed. Only clients with this name can use it.
  client::answer<client::lease>
  create_lease(std::optional<std::chrono::milliseconds> ttl = {}) const;

  /// Lets the lease last for its whole time again; `lease_expired` when it has
  /// ended. Repeated once when the connection breaks.
  client::answer<client::lease> renew_lease(std::string_view id) const;

  /// How long the lease still lasts, and its locks, page by page.
  client::answer<client::lease_info> inspect_lease(std::string_view id,
                                                   const client::lease_page& page = {}) const;

  /// Ends the lease and releases all its locks. Repeated once when the connection
  /// breaks.
  client::answer<client::done> end_lease(std::string_view id) const;

  /// The server's version, settings and counts.
  client::answer<client::server_info> server() const;

private:
  friend class held_lock;

  std::unique_ptr<client_parts> impl_;
};

} // namespace lockserver
