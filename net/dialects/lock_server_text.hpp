// The text of Lock::Server's protocol: converts a request's target to a command, and an
// answer to a line. Pure: knows no sockets and no actors.
#pragma once

#include "actors/rules/key_name.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace lockserver {

/// One request of the dialect.
struct command {
  enum class verb : std::uint8_t { check, lock, unlock, verify, ping, shutdown };
  using duration = std::chrono::microseconds;

  verb what = verb::ping;
  std::string key;                      ///< Decoded and validated; empty for ping and shutdown.
  std::string requester;                ///< Likewise; also empty for check.
  std::optional<duration> lock_timeout; ///< As a LOCK asks for it.
  std::optional<duration> lock_attempt_timeout; ///< Likewise.
};

/// Why a request does not belong to this dialect, or is wrong.
struct command_error {
  int status = 400;   ///< 400 or 404.
  std::string reason; ///< One sentence: what is wrong, what would be right.
};

/// The maximum that a LOCK may ask for, see `settings`.
struct command_limits {
  command::duration max_lock_timeout;
  command::duration max_lock_attempt_timeout;
};

/// The line for "no". It is also the body of every refusal.
inline constexpr std::string_view answer_no = "0\n";
inline constexpr std::string_view answer_yes = "1\n";

/// The methods of a path, as `Allow` lists them; empty if there is no such path. All of
/// them have the same effect.
std::string_view methods_of(std::string_view target) noexcept;

/// Reads a request. Its method must be one of the path's methods.
std::variant<command, command_error> parse_command(std::string_view target, name_encoding encoding,
                                                   const command_limits& limits);

/// Appends the answer to a granted LOCK: seconds since 1970 with six decimals
/// and a line end.
/// @param expires_at in microseconds since 1970.
void append_expiry(std::string& out, std::int64_t expires_at);

} // namespace lockserver
