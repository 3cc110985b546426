// Makes text of others safe for a terminal.
#pragma once

#include <string>
#include <string_view>

namespace lockserver::lockctl {

/// Escapes control characters (also those above ASCII), characters that change the
/// direction of writing, and line ends, as \n, \x1b or \u{202e}; and bytes that are not
/// UTF-8 as \xff. So nobody who has named a key or an owner can control a terminal or
/// forge a row. A backslash is not escaped, because the text is not meant to be read
/// back.
std::string printable(std::string_view text);

/// The same for JSON, as \u202e; the value stays the same. JSON has already escaped the
/// control characters of ASCII, and is UTF-8.
std::string printable_json(std::string_view json);

} // namespace lockserver::lockctl
