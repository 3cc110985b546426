// Finds the dialect of a request.
#pragma once

#include "net/session/dialect.hpp"

#include <string_view>

namespace lockserver {

/// The dialect that reads or refuses a request, by its version and its target, or as much
/// of the target as is known.
const dialect& dialect_of(http_version version, std::string_view target) noexcept;

} // namespace lockserver
