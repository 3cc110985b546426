// What the paths of all dialects share: their methods, and the answers that do not depend
// on a dialect.
#pragma once

#include "net/dialects/lists.hpp"
#include "net/session/dialect.hpp"

#include <optional>
#include <string_view>

namespace lockserver {

/// The methods that at least one path has. For other methods the path need not be looked
/// up.
inline constexpr std::string_view all_methods
  = "GET, HEAD, POST, PUT, DELETE, LOCK, UNLOCK, OPTIONS";

/// The refusal of a method that this path, or any path, does not have.
/// @param allowed the path's methods as `Allow` lists them, in static storage; empty if
///        there is no such path.
std::optional<refusal> refuse_method(std::string_view method, std::string_view allowed);

/// The answer to OPTIONS, or to a method that is refused; none for all others.
std::optional<reading> answer_other_method(std::string_view method, std::string_view allowed);

/// Stands for an answer that cannot belong to any request of the dialect.
refusal mixed_up();

} // namespace lockserver
