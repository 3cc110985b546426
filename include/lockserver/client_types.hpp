// Parameters and results of the calls of the JSON dialect (/v1). Durations are
// milliseconds, as in the protocol. These values have a namespace of their own, because
// the server has its own types for the same things.
#pragma once

#include "lockserver/boot_clock.hpp"
#include "lockserver/lock_mode.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace lockserver {

class bound_connection;

} // namespace lockserver

namespace lockserver::client {

using lockserver::lock_mode;

/// What ends a lock, besides its release.
enum class lock_hold {
  ttl, ///< Its time, or its lease.
  /// Its time, and at once the end of the connection by which it was asked for; see
  /// `grant::connection`. This gives others the lock sooner. But a proxy or a firewall
  /// may end the connection for the server only: then the server gives the lock to the
  /// next client while this one still believes that it holds it.
  connection,
};

/// What to ask for. The server's default applies to what is not set.
struct acquire_options {
  using duration = std::chrono::milliseconds;

  /// How long the grant lasts, from 1 ms to the server's limit. Not allowed together with
  /// `lease`.
  std::optional<duration> ttl{};

  /// How long to wait for it; 0: do not wait.
  std::optional<duration> wait{};

  lock_mode mode = lock_mode::exclusive;

  /// With `lock_mode::shared`: at most this many holders at a time, which makes the key a
  /// semaphore. A request with another number waits until all present holders are gone.
  std::optional<std::uint32_t> limit{};

  /// The id of a lease: the grant lives and ends with it.
  std::string lease{};

  /// `connection` is not allowed together with `lease`.
  lock_hold hold = lock_hold::ttl;

  /// Up to 64 bytes. The same request with the same id gets the same grant, not a second
  /// one. Empty: the client makes a random id for each call.
  std::string request_id{};

  /// Up to 1,024 bytes of text for people. `inspect` and `list` show it.
  std::string metadata{};
};

/// A lock that was obtained or renewed.
struct grant {
  std::string key{};
  std::string owner{};
  lock_mode mode = lock_mode::exclusive;

  /// The fencing token: greater than that of every earlier grant of the server. Send it
  /// to the resource that the lock protects. The resource must refuse a token lower than
  /// one that it has seen. Nothing else keeps out a late holder.
  std::uint64_t token = 0;

  /// When the server ends the lock, by the server's wall clock. For people.
  std::chrono::system_clock::time_point expires_at{};

  /// How long the lock lasts, from the moment of the answer.
  std::chrono::milliseconds ttl{};

  /// The ttl that was asked for; none: the server's default. It is more than `ttl` when
  /// the answer to an earlier request was lost. A `held_lock` asks for it again. Not sent
  /// by the server.
  std::optional<std::chrono::milliseconds> asked_ttl{};

  /// How long the request waited in the server.
  std::chrono::milliseconds waited{};

  /// Nobody else can get the lock before this time, unless an operator forces it. It is a
  /// time of this machine's own clock, counted from before the request was sent. A margin
  /// of a hundredth (at least 2 ms) is subtracted, because clocks run at different
  /// speeds. Not sent by the server.
  boot_clock::time_point safe_until{};

  /// The id of its lease, or empty.
  std::string lease{};

  /// The connection of a lock with `lock_hold::connection`. It carries no other request.
  /// It ends when it breaks, when the server closes it as idle (`idle_timeout`, 75 s), or
  /// when the last copy of the grant is destroyed. A `held_lock` takes care of all three.
  std::shared_ptr<bound_connection> connection{};
};

/// One who holds a lock, as others see it.
struct holder {
  std::string owner{};
  lock_mode mode = lock_mode::exclusive;
  std::uint64_t token = 0;
  /// The time left; none: the grant has no end of its own.
  std::optional<std::chrono::milliseconds> ttl{};
  std::chrono::milliseconds held{}; ///< How long it has held the lock.
  std::string metadata{};
  std::string identity{}; ///< The client that holds the lock; empty: anonymous.
};

/// One who waits for a lock.
struct waiter {
  std::string owner{};
  lock_mode mode = lock_mode::exclusive;
  std::chrono::milliseconds waiting{};
  std::string identity{}; ///< The client that waits; empty: anonymous.
};

/// A key as `inspect` and `list` show it.
struct lock_info {
  std::string key{};
  /// Empty: the key is free. `list` names at most ten. `inspect` names as many as fit
  /// into an answer: usually all.
  std::vector<holder> holders{};
  std::uint64_t holder_count = 0;     ///< How many there are.
  std::vector<waiter> queue{};        ///< The first waiters, in order. Empty in `list`.
  std::uint64_t queue_length = 0;     ///< The length of the whole queue, also in `list`.
  std::optional<std::uint32_t> limit; ///< The size of a semaphore that is in use.
};

/// Which keys to list.
struct list_options {
  std::string prefix{};                 ///< Only keys that begin with this.
  std::optional<std::uint32_t> limit{}; ///< Keys on a page: 1 to 1,000; none: 100.
  std::string after{};                  ///< Only keys after this one, in byte order.
};

struct lock_page {
  std::vector<lock_info> locks{};    ///< Held keys, in byte order.
  std::optional<std::string> next{}; ///< The next page's `after`; none: this is the last page.
};

/// Which locks of a lease to show.
struct lease_page {
  /// At most this many locks on a page, 1 to 1,000; none: 100. A page has more only if
  /// its first key alone has more.
  std::optional<std::uint32_t> limit{};
  std::string after{}; ///< Only keys after this one, in byte order.
};

/// A lease: many locks that are renewed together and end together. The id is a secret of
/// its users.
struct lease {
  std::string id{};
  std::chrono::milliseconds ttl{};
};

struct leased_lock {
  std::string key{};
  std::uint64_t token = 0;
};

struct lease_info {
  std::string id{};
  std::chrono::milliseconds ttl{};   ///< The time left.
  std::vector<leased_lock> locks{};  ///< In byte order of their keys.
  std::optional<std::string> next{}; ///< The next page's `after`; none: this is the last page.
};

struct server_counts {
  std::uint64_t keys = 0;
  std::uint64_t holders = 0;
  std::uint64_t waiters = 0;
  std::uint64_t connections = 0;
  std::uint64_t leases = 0;
  std::uint64_t commits = 0;   ///< Transactions since the start, if durable.
  std::uint64_t decisions = 0; ///< Changes that these transactions made durable.
};

/// The value of a setting: true or false, a number, or a text.
using setting_value = std::variant<bool, std::int64_t, std::string>;

struct server_info {
  std::string name{};
  std::string version{};
  std::chrono::milliseconds uptime{};
  server_counts counts{};
  /// By name, such as `lock_timeout_ms`; durations in milliseconds.
  std::map<std::string, setting_value> settings{};
};

/// Some rights of a client.
struct access_rights {
  /// They are about the keys that begin with this ("" is for all keys); none: about the
  /// server.
  std::optional<std::string> keys{};
  /// "read", "acquire" and "force" about keys; "metrics" and "admin" about the server.
  std::vector<std::string> allow{};
};

/// What a client is to the server.
struct access_info {
  std::string identity{};              ///< Empty: anonymous.
  std::vector<std::string> roles{};    ///< The roles of the identity.
  std::vector<access_rights> rights{}; ///< They add up.
  /// The owners that the client may name. A `*` at the end stands for any text.
  std::vector<std::string> owners{};
};

} // namespace lockserver::client
