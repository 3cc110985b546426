// Parses the text of an access file.
#pragma once

#include "net/access/access_rules.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace lockserver {

/// Parses the text of an access file: JSON, and comments are allowed. Unknown members are
/// errors, so that a misspelt member does not go unnoticed.
/// @throws access_error that names the place of the member
std::shared_ptr<const access_rules> parse_access(std::string_view text);

/// What is wrong with the name of an identity, as the end of a sentence; empty: nothing.
std::string check_identity_name(std::string_view name);

} // namespace lockserver
