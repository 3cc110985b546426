// A client of the lock server over HTTP and JSON (/v1), with blocking calls. Knows
// nothing of actors: a program that uses only this client links no CAF.
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

namespace lockserver {

class client_parts;

/// Asks one server for locks in the name of one owner.
///
/// Thread-safe: any number of threads may call any method at once. The client keeps one
/// connection between calls. A call that finds it in use opens its own connection, so an
/// `acquire` that waits never delays a `release`.
///
/// No method throws for a failure of the server, the network or the system, not even for
/// lack of memory: see `client::answer` and `client::problem`. Input that no server
/// accepts is refused with `std::errc::invalid_argument`, and nothing is sent.
///
/// If the kept connection turns out to be dead, the client repeats the request once on a
/// new one. It does so only with requests that have the same effect when they are sent
/// twice: all but `force_release`, `create_lease`, and a `release` without a token. It
/// does not repeat those once bytes of them may have reached the server.
///
/// A call takes at most `reconnect_attempts` times `connect_timeout`, the pauses between
/// the attempts, and `answer_timeout`. `acquire` and `release` may take longer, see
/// there.
///
/// A client may be used in a child process after a fork. The child has a connection of
/// its own, and no part in the parent's locks.
class rest_client {
public:
  /// Does not connect yet.
  /// @param name the owner of what this client acquires: like a key, 1 to 512 bytes of
  ///        UTF-8 without control characters. Two clients with one name are one owner: a
  ///        lock that one holds keeps the other out.
  /// @param host a name, or a numeric IPv4 or IPv6 address (without brackets).
  /// @throws std::invalid_argument when the name is not valid, the host is empty or has
  /// control characters, or an option has a value that cannot be used.
  explicit rest_client(std::string name, const std::string& host = "127.0.0.1",
                       std::uint16_t port = 8004, const client_options& options = {});

  ~rest_client();
  rest_client(rest_client&&) noexcept;
  rest_client& operator=(rest_client&&) noexcept;

  /// The owner's name, as given to the constructor.
  const std::string& name() const noexcept;

  /// Asks for `key` in this client's name, and waits until it is granted or the wait is
  /// over. If the call names no wait, it may take `longest_wait`.
  ///
  /// A restart of the server, or a proxy that gives up, does not end the wait. The client
  /// asks again, with the rest of the wait, after the connection broke or after an
  /// outcome that passes (`errc` says which). It pauses between the tries, longer each
  /// time, or for as long as `Retry-After` says. This is safe, because all tries have the
  /// same `request_id`. But it does not wait for a server that this call has never
  /// reached, see `reconnect_attempts`.
  ///
  /// The call takes at most the time above for connecting, the wait, and for the last try
  /// once more `connect_timeout` and `answer_timeout`.
  client::answer<client::grant> acquire(std::string_view key,
                                        client::acquire_options options = {}) const;

  /// Lets a lock of this name end `ttl` from now; none: the server's `lock_timeout`.
  /// Repeated once when the connection breaks.
  /// @param token the token of the grant; 0: any grant of this name.
  client::answer<client::grant> renew(std::string_view key, std::uint64_t token,
                                      std::optional<std::chrono::milliseconds> ttl = {}) const;

  /// Releases `key`. The result is `not_holder` if this name did not hold it by this
  /// token, for instance because the time was over.
  ///
  /// With a token, the call is repeated as an acquire is, for up to `answer_timeout`.
  /// `not_holder` in answer to a repeat counts as success: the first request worked, or
  /// the lock had ended before. Without a token it is not repeated, because a repeat
  /// might end a later grant.
  /// @param token the token of the grant; 0: any grant of this name.
  client::answer<void> release(std::string_view key, std::uint64_t token = 0) const;

  /// For operators: takes `key` from all its holders. Returns whether there was one.
  client::answer<bool> force_release(std::string_view key) const;

  /// Returns who holds `key` and who waits for it. A free key is no problem.
  client::answer<client::lock_info> inspect(std::string_view key) const;

  /// Returns one page of the held keys.
  client::answer<client::lock_page> list(const client::list_options& options = {}) const;

  /// Calls `visit` for each held key with `prefix`, in byte order, until it returns
  /// false. Locks that appear or end meanwhile may be seen or not. Returns how many were
  /// visited. Throws what `visit` throws.
  client::answer<std::uint64_t>
  for_each_lock(std::string prefix,
                const std::function<bool(const client::lock_info&)>& visit) const;

  /// Creates a lease that ends after `ttl` (none: the server's `lock_timeout`)
  /// unless it is renewed. Only clients with this name can use it.
  client::answer<client::lease>
  create_lease(std::optional<std::chrono::milliseconds> ttl = {}) const;

  /// Starts the time of the lease again. The result is `lease_expired` if it has ended.
  /// Repeated once when the connection breaks.
  client::answer<client::lease> renew_lease(std::string_view id) const;

  /// Returns how long the lease still lasts, and its locks, page by page.
  client::answer<client::lease_info> inspect_lease(std::string_view id,
                                                   const client::lease_page& page = {}) const;

  /// Ends the lease and releases all its locks. Repeated once when the connection breaks.
  client::answer<void> end_lease(std::string_view id) const;

  /// Returns the server's version, settings and counts.
  client::answer<client::server_info> server() const;

  /// Returns the identity of this client, and what it may do. A server without access
  /// rules allows everything to everybody.
  client::answer<client::access_info> access() const;

  /// Checks whether a lock server answers. Tries once, for at most `ping_timeout`.
  client::answer<void> ping() const;

private:
  friend class held_lock;

  std::unique_ptr<client_parts> impl_;
};

} // namespace lockserver
