// Lock::Server's protocol as text: a request's target in, a command out; an
// answer's line. Pure: knows no sockets and no actors.
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
  std::string key;                      ///< Decoded and checked; empty for ping and shutdown.
  std::string requester;                ///< The same; empty for check, too.
  std::optional<duration> lock_timeout; ///< As asked for by a LOCK.
  std::optional<duration> lock_attempt_timeout; ///< The same.
};

/// Why a request is not one of the dialect, or not a good one.
struct command_error {
  int status = 400;   ///< 400 or 404.
  std::string reason; ///< One sentence: what is wrong, what would be right.
};

/// The most that a LOCK may ask for, see `settings`.
struct command_limits {
  command::duration max_lock_timeout;
  command::duration max_lock_attempt_timeout;
};

/// The line that says no, also the body of every refusal.
inline constexpr std::string_view answer_no = "0\n";
inline constexpr std::string_view answer_yes = "1\n";

/// The methods that a path has, as `Allow` lists them; empty if there is no such
/// path. With each of them a request means the same.
std::string_view methods_of(std::string_view target) noexcept;

/// Reads a request with one of its path's methods.
std::variant<command, command_error> parse_command(std::string_view target, name_encoding encoding,
                                                   const command_limits& limits);

/// Appends the answer to a granted LOCK: seconds since 1970 with six decimals
/// and a line end.
/// @param expires_at in microseconds since 1970.
void append_expiry(std::string& out, std::int64_t expires_at);

} // namespace lockserver
