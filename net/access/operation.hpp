// The operations of a server, in all protocols, and the right that each needs.
#pragma once

#include "net/access/right.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lockserver {

enum class operation : std::uint8_t {
  acquire,
  renew,
  release,
  force_release,
  check,
  inspect,
  list,
  watch,
  lease_create,
  lease_renew,
  lease_inspect,
  lease_end,
  lease_force_end,
  server_info,
  metrics,
  shutdown,
  whoami,
  health,
};

/// What the needed right must apply to.
enum class scope : std::uint8_t {
  nothing,    ///< No right is needed.
  key,        ///< The named key.
  keys_below, ///< At least one key with the named prefix.
  some_key,   ///< At least one key.
  lease,      ///< As `some_key`; or all keys with the right `force`, for the leases of others.
  every_key,  ///< All keys, because the concerned keys are not known at this point.
  server,     ///< The whole server.
  anything,   ///< Any right is enough.
};

struct operation_row {
  operation what;
  std::string_view name;
  scope about;
  right needs; ///< Without meaning for `nothing` and `anything`.
  /// Whether the limits on rates and on failed logins apply. They never apply to renewals
  /// and releases, because clients would lose locks.
  bool is_limited;
};

/// In the order of their values.
inline constexpr std::array<operation_row, 18> all_operations{{
  {operation::acquire, "acquire", scope::key, right::acquire, true},
  {operation::renew, "renew", scope::key, right::acquire, false},
  {operation::release, "release", scope::key, right::acquire, false},
  {operation::force_release, "force_release", scope::key, right::force, true},
  {operation::check, "check", scope::key, right::read, true},
  {operation::inspect, "inspect", scope::key, right::read, true},
  {operation::list, "list", scope::keys_below, right::read, true},
  {operation::watch, "watch", scope::keys_below, right::read, true},
  {operation::lease_create, "lease_create", scope::some_key, right::acquire, true},
  {operation::lease_renew, "lease_renew", scope::some_key, right::acquire, false},
  {operation::lease_inspect, "lease_inspect", scope::some_key, right::acquire, true},
  {operation::lease_end, "lease_end", scope::lease, right::acquire, false},
  {operation::lease_force_end, "lease_force_end", scope::every_key, right::force, true},
  {operation::server_info, "server_info", scope::anything, right::read, true},
  {operation::metrics, "metrics", scope::server, right::metrics, true},
  {operation::shutdown, "shutdown", scope::server, right::admin, true},
  {operation::whoami, "whoami", scope::nothing, right::read, true},
  {operation::health, "health", scope::nothing, right::read, false},
}};

constexpr const operation_row& row_of(operation x) noexcept {
  return all_operations[static_cast<std::size_t>(x)];
}

} // namespace lockserver
