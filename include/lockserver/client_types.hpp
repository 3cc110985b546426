// What the calls of the JSON dialect (/v1) take and give. Durations are
// milliseconds, as in the protocol. Values only, in a namespace of their own:
// the server has its own view of the same things.
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

/// What a lock ends with, beside its release.
enum class lock_hold {
  ttl, ///< Its time, or its lease.
  /// Also the connection by which it was asked for, at once: see `grant::connection`.
  /// For who prefers a quick successor: a proxy or a firewall may end a connection
  /// for the server, which gives the lock to the next then, and not yet for us.
  connection,
};

/// What to ask for. What is not set is the server's default.
struct acquire_options {
  using duration = std::chrono::milliseconds;

  /// How long the grant lasts, from 1 ms to the server's limit. Not together
  /// with `lease`.
  std::optional<duration> ttl{};

  /// How long to wait for it; 0 = do not.
  std::optional<duration> wait{};

  lock_mode mode = lock_mode::exclusive;

  /// With `lock_mode::shared`: at most so many holders at a time, which makes
  /// the key a semaphore. Who names another number waits until all its holders are
  /// gone.
  std::optional<std::uint32_t> limit{};

  /// The id of a lease: the grant lives and ends with it.
  std::string lease{};

  /// Not `connection` together with `lease`.
  lock_hold hold = lock_hold::ttl;

  /// Up to 64 bytes. The same request with the same id gets the same grant, not
  /// a second one. Empty: the client makes a random one for each call.
  std::string request_id{};

  /// Up to 1,024 bytes of text that inspect and list show; for people.
  std::string metadata{};
};

/// A lock that was obtained or renewed.
struct grant {
  std::string key{};
  std::string owner{};
  lock_mode mode = lock_mode::exclusive;

  /// The fencing token: greater than that of every earlier grant of the server.
  /// Hand it to what the lock protects, which must refuse a token lower than
  /// one it has seen: this alone keeps out a holder that is late.
  std::uint64_t token = 0;

  /// When the server ends the lock, by the server's wall clock: for people.
  std::chrono::system_clock::time_point expires_at{};

  /// How long the lock lasts, when the server answered.
  std::chrono::milliseconds ttl{};

  /// How long it was asked to last; none: as long as the server lets it by default.
  /// More than `ttl` when the answer to an earlier request was lost. A `held_lock`
  /// asks for the same again. Not shown by the server.
  std::optional<std::chrono::milliseconds> asked_ttl{};

  /// How long the request waited in the server.
  std::chrono::milliseconds waited{};

  /// Until then nobody else can have been given the lock, unless an operator
  /// forced it: by this machine's own clock, counted from before the request
  /// was sent, less a margin of a hundredth (at least 2 ms) for clocks that run
  /// at different speeds. Not shown by the server.
  boot_clock::time_point safe_until{};

  /// The lease that it lives with, or empty.
  std::string lease{};

  /// Of a lock with `lock_hold::connection`: its connection, which carries no other
  /// request. It stands until it breaks, the server closes it because it is silent
  /// (after its `idle_timeout`, 75 s), or the last copy of the grant is gone. A
  /// `held_lock` sees to all three.
  std::shared_ptr<bound_connection> connection{};
};

/// One who holds a lock, as others see it.
struct holder {
  std::string owner{};
  lock_mode mode = lock_mode::exclusive;
  std::uint64_t token = 0;
  std::optional<std::chrono::milliseconds> ttl{}; ///< What is left; none: no end of its own.
  std::chrono::milliseconds held{};               ///< For how long it has held the lock.
  std::string metadata{};
};

/// One who waits for a lock.
struct waiter {
  std::string owner{};
  lock_mode mode = lock_mode::exclusive;
  std::chrono::milliseconds waiting{};
};

/// A key as `inspect` and `list` show it.
struct lock_info {
  std::string key{};
  /// Empty: the key is free. `list` names ten at most, `inspect` as many as an answer
  /// has room for: ordinarily all.
  std::vector<holder> holders{};
  std::uint64_t holder_count = 0;     ///< How many there are.
  std::vector<waiter> queue{};        ///< The first, in order. `list` leaves it empty.
  std::uint64_t queue_length = 0;     ///< Its length, also in `list`.
  std::optional<std::uint32_t> limit; ///< The size of a semaphore that is in use.
};

/// Which keys to list.
struct list_options {
  std::string prefix{};                 ///< Only keys that begin so.
  std::optional<std::uint32_t> limit{}; ///< Keys on a page: 1 to 1,000; none: 100.
  std::string after{};                  ///< Only keys after this one, in byte order.
};

struct lock_page {
  std::vector<lock_info> locks{};    ///< Held keys, in byte order.
  std::optional<std::string> next{}; ///< The next page's `after`; none: this is the last.
};

/// Which locks of a lease to show.
struct lease_page {
  /// Locks on a page: 1 to 1,000; none: 100. More only if its first key has more.
  std::optional<std::uint32_t> limit{};
  std::string after{}; ///< Only keys after this one, in byte order.
};

/// A lease: many locks that are renewed, and end, together. Its id is a secret
/// of those who use it.
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
  std::chrono::milliseconds ttl{};   ///< What is left.
  std::vector<leased_lock> locks{};  ///< In byte order of their keys.
  std::optional<std::string> next{}; ///< The next page's `after`; none: this is the last.
};

struct server_counts {
  std::uint64_t keys = 0;
  std::uint64_t holders = 0;
  std::uint64_t waiters = 0;
  std::uint64_t connections = 0;
  std::uint64_t leases = 0;
  std::uint64_t commits = 0;   ///< Since the start, of a durable server.
  std::uint64_t decisions = 0; ///< What these have made durable.
};

using setting_value = std::variant<bool, std::int64_t, std::string>;

struct server_info {
  std::string name{};
  std::string version{};
  std::chrono::milliseconds uptime{};
  server_counts counts{};
  /// By name, such as `lock_timeout_ms`; durations in milliseconds.
  std::map<std::string, setting_value> settings{};
};

} // namespace lockserver::client
