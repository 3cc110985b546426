// The table of settings: what each is called, what it may be, and how it is read and
// written as text. The command line, the environment, the configuration file, --help, the
// log, `validate` and `GET /v1/server` iterate it. Must not know any of them. Immutable, so
// any thread may ask.
#pragma once

#include "lockserver/settings.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace lockserver {

/// How a value is written.
enum class setting_kind : std::uint8_t {
  address,
  hosts,
  file,
  directory,
  port,
  number,
  seconds,
  seconds_or_max,
  flag,
  sync,
  client_certificates,
  tls_version,
  audit_level,
};

struct kind_words {
  const char* unit; ///< What --help calls a value.
  const char* form; ///< Completes "must be …" for a text that is none.
};

kind_words words_of(setting_kind kind);

/// Limits of a number, or of a time in microseconds.
struct setting_limits {
  static constexpr auto none = std::numeric_limits<std::int64_t>::max();
  std::int64_t least = 0;
  std::int64_t most = none;
  bool above_least = false; ///< The least itself is too little.
};

struct setting {
  using member_type
    = std::variant<std::string settings::*, settings::duration settings::*, bool settings::*,
                   std::uint16_t settings::*, unsigned settings::*, std::size_t settings::*,
                   std::optional<std::uint16_t> settings::*, sync_mode settings::*,
                   client_certificates settings::*, tls_version settings::*,
                   audit_level settings::*>;

  const char* name;  ///< As an option, without its dashes.
  const char* group; ///< The heading in --help; null: only programs that embed a server set it.
  setting_kind kind;
  member_type member;
  setting_limits limits;
  bool is_shown; ///< By `GET /v1/server`.
  const char* help;
};

/// One row for each member of `settings`, in the order of --help: groups stay together.
std::span<const setting> settings_table();

/// The member of `GET /v1/server`: lock_timeout_ms for lock-timeout.
std::string json_name(const setting& row);

/// The value as `read_text` takes it. Empty: none.
std::string text_of(const setting& row, const settings& x);

/// Sets the value. Returns whether `text` is one; if not, `x` has any value.
/// Limits are not checked.
bool read_text(const setting& row, std::string_view text, settings& x);

/// Returns an empty string when the value is within its limits, else one sentence that
/// says what they are.
std::string check_limits(const setting& row, const settings& x);

} // namespace lockserver
