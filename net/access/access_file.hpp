// Reads an access file. Does not know its format.
#pragma once

#include <cstddef>
#include <string>

namespace lockserver {

/// The longest file. 10,000 identities take about 2 MB.
inline constexpr std::size_t max_access_file = 16 * 1024 * 1024;

/// Returns the text of the file. It must be a regular file, and only its owner may have the
/// right to write to it, because a writer can give himself any right.
/// @throws access_error with the reason, but not the name
std::string read_access_file(const std::string& name);

} // namespace lockserver
