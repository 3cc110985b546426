// Parses a JSON document with comments. Does not know its meaning.
#pragma once

#include <boost/json/value.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace lockserver {

/// Parses JSON with `//` and `/* */` comments. A duplicate member is an error: Boost.JSON
/// would use the last one, and a reader of the file may believe in the first.
/// @throws access_error that names the line and the column, or the member
boost::json::value read_document(std::string_view text);

/// The place of a member in sentences: "identities.ci".
std::string place_of(std::string_view parent, std::string_view name);

/// The place of an element: "identities.ci.tokens[0]".
std::string place_of(std::string_view parent, std::size_t index);

} // namespace lockserver
