// The file with the access token.
#pragma once

#include <string>

namespace lockserver::lockctl {

/// Returns the first line of the file without the spaces at its end. Throws
/// `std::invalid_argument` with a sentence that names the file if it cannot be read, or if
/// others than its owner and group may access it, or if the line cannot be a token. The
/// sentence does not contain the line.
std::string read_token_file(const std::string& name);

} // namespace lockserver::lockctl
