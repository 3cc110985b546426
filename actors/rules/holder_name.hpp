// The one name that the rules know a holder by: who it is, and as which owner. Two identities
// that name the same owner are two holders.
#pragma once

#include <string>
#include <string_view>

namespace lockserver {

/// Stands for whoever may force: no identity has this name.
inline constexpr std::string_view any_identity = "*";

/// The two parts of a holder's name.
struct holder_parts {
  std::string_view identity; ///< Empty: anonymous.
  std::string_view owner;
};

/// The name of a holder: the owner for an anonymous client, else the identity, NUL, and the
/// owner. An anonymous owner that contains NUL gets an empty identity before it, so that nobody
/// can pose as an identity. Different parts give different names.
/// @pre `identity` does not contain NUL.
inline std::string holder_name(std::string_view identity, std::string_view owner) {
  std::string result;
  if (!identity.empty() || owner.find('\0') != std::string_view::npos) {
    result.reserve(identity.size() + 1 + owner.size());
    result.append(identity);
    result.push_back('\0');
  }
  result.append(owner);
  return result;
}

/// What `holder_name` made `name` of. The parts live as long as `name`.
inline holder_parts parts_of(std::string_view name) noexcept {
  auto end = name.find('\0');
  if (end == std::string_view::npos)
    return {{}, name};
  auto owner = name;
  owner.remove_prefix(end + 1);
  return {{name.data(), end}, owner};
}

} // namespace lockserver
