// What is the same for the paths of all dialects: the methods that they have, and the
// answers that nothing of a dialect has to do with.
#pragma once

#include "net/dialects/lists.hpp"
#include "net/session/dialect.hpp"

#include <optional>
#include <string_view>

namespace lockserver {

/// The methods that some path has; an unknown one is not worth a look at the path.
inline constexpr std::string_view all_methods
  = "GET, HEAD, POST, PUT, DELETE, LOCK, UNLOCK, OPTIONS";

/// What is wrong with a method that no path or this path does not have.
/// @param allowed the path's methods as `Allow` lists them, of static storage;
///        empty if there is no such path.
std::optional<refusal> refuse_method(std::string_view method, std::string_view allowed);

/// The answer to OPTIONS, or to a method that is refused; nothing for all others.
std::optional<reading> answer_other_method(std::string_view method, std::string_view allowed);

/// An answer that no request of the dialect can have.
refusal mixed_up();

} // namespace lockserver
