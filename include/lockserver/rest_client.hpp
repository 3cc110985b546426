// A client of the lock server over HTTP and JSON (/v1), with blocking calls. Knows
// nothing of actors: a program that only uses this links no CAF.
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
/// Thread-safe: any number of threads may call any method at once. One
/// connection is kept alive between calls; a call that finds it in use opens
/// one of its own, so that an `acquire` that waits never delays a `release`.
///
/// No method throws for what the server, the network or the system does, a want of
/// memory included: see `client::answer` and `client::problem`. Input that no server
/// takes is refused with `std::errc::invalid_argument`, and nothing is sent.
///
/// When the kept connection turns out dead, a request that comes to the same when it
/// is sent twice is repeated once on a new one: all but `force_release`,
/// `create_lease`, and a `release` without a token. Those are not repeated once bytes
/// of them may have reached the server.
///
/// The longest that a call takes: `reconnect_attempts` times `connect_timeout`
/// and the pauses between them, then `answer_timeout`; `acquire` and `release` say
/// themselves what they take beyond that.
///
/// A client may be used in a process that was forked from the one that made it:
/// the child has a connection of its own, and no part in the parent's locks.
class rest_client {
public:
  /// Does not connect yet.
  /// @param name the owner of what this client acquires, 1 to 512 bytes of UTF-8
  ///        without control characters, as a key. Two clients of one name are one
  ///        owner: a lock that one has keeps the other out.
  /// @param host a name, or a numeric IPv4 or IPv6 address (without brackets).
  /// Throws `std::invalid_argument` when the name is none, or the host is empty
  /// or has control characters.
  explicit rest_client(std::string name, const std::string& host = "127.0.0.1",
                       std::uint16_t port = 8004, const client_options& options = {});

  ~rest_client();
  rest_client(rest_client&&) noexcept;
  rest_client& operator=(rest_client&&) noexcept;

  /// The owner's name, as given to the constructor.
  const std::string& name() const noexcept;

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
  /// repeat counts as success: the first has worked, or the lock had ended before.
  /// Without a token it is not repeated: it might end a later grant.
  /// @param token that of the grant; 0: whatever this name holds.
  client::answer<void> release(std::string_view key, std::uint64_t token = 0) const;

  /// For operators: takes `key` from all its holders. Gives whether there was one.
  client::answer<bool> force_release(std::string_view key) const;

  /// Who holds `key` and who waits for it. A free key is no problem.
  client::answer<client::lock_info> inspect(std::string_view key) const;

  /// One page of the held keys.
  client::answer<client::lock_page> list(const client::list_options& options = {}) const;

  /// Calls `visit` for each held key with `prefix`, in byte order, until it
  /// returns false. Locks that come and go meanwhile may be seen or not.
  /// Gives how many were visited. Throws what `visit` throws.
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
  client::answer<void> end_lease(std::string_view id) const;

  /// The server's version, settings and counts.
  client::answer<client::server_info> server() const;

  /// Whether a lock server answers: tries once, for `ping_timeout` at most.
  client::answer<void> ping() const;

private:
  friend class held_lock;

  std::unique_ptr<client_parts> impl_;
};

} // namespace lockserver
