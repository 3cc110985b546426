// Formats an event as a line of the audit log. Knows no files.
#pragma once

#include "lockserver/settings.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lockserver {

enum class audit_event : std::uint8_t {
  refused,     ///< 401 or 403.
  force,       ///< An operator released the locks of others.
  lease_ended, ///< A lease was ended by another identity than its own.
  shutdown,    ///< A client stopped the server.
  reload,      ///< Files were read again, or could not be used.
  granted,     ///< A lock was granted.
  ended,       ///< A grant ended.
};

/// Whether an audit log of that level has the event.
constexpr bool is_audited(audit_event x, audit_level level) noexcept {
  if (x == audit_event::granted || x == audit_event::ended)
    return level == audit_level::changes;
  return level != audit_level::off;
}

/// An event. It has no member for credentials or for the metadata of a lock. An empty member
/// is unknown, or does not apply to the event.
struct audit_entry {
  std::chrono::system_clock::time_point time{};
  audit_event event = audit_event::refused;
  std::string_view identity{};
  std::string_view address{}; ///< Of the client, without a port.
  std::string_view key{};
  std::string_view owner{};
  std::optional<std::uint64_t> token{}; ///< The number of the grant.
  std::string_view outcome{};           ///< A `code` of the HTTP API, or "ok".
  std::string_view reason{};            ///< A sentence.
  std::string_view traceparent{};       ///< Of W3C's Trace Context.
};

/// One line of JSON with a line end. Bytes that are not UTF-8 become U+FFFD. A line has all
/// members, with null for the empty ones; only an empty `traceparent` is left out.
std::string audit_line(const audit_entry& x);

} // namespace lockserver
