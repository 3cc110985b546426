// Text of others on its way to a person's terminal.
#pragma once

#include <string>
#include <string_view>

namespace lockserver::lockctl {

/// The text with all that is not to be printed as it is written out: control
/// characters (also those above ASCII), what changes the direction of writing,
/// and what ends a line, as \n, \x1b or \u{202e}; bytes that are not UTF-8 as \xff.
/// Who has named a key or an owner can neither command a terminal nor forge a row.
/// A backslash stays one: this is not to be read back.
std::string printable(std::string_view text);

/// The same for JSON, which stays the same value: as \u202e. Control characters
/// of ASCII are escaped there already, and it is UTF-8.
std::string printable_json(std::string_view json);

} // namespace lockserver::lockctl
