// Which dialect a request is in.
#pragma once

#include "net/session/dialect.hpp"

#include <string_view>

namespace lockserver {

/// The dialect in which a request is read and refused, by its version and its
/// target (as much of it as is known).
const dialect& dialect_of(http_version version, std::string_view target) noexcept;

} // namespace lockserver
