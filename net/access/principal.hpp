// A client as the access rules know it. Knows neither requests nor credentials.
#pragma once

#include "net/access/owner_patterns.hpp"
#include "net/access/role.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockserver {

/// The principal of clients without credentials. No identity has this name or the next.
inline constexpr std::string_view anonymous_name = "anonymous";

/// The principal of all nodes on CAF's network: that network cannot prevent a hostile peer
/// from acting as another.
inline constexpr std::string_view caf_name = "caf";

/// An identity, or one of the two above. It has the rights of all its roles together.
/// Immutable, so all threads may use it.
class principal {
public:
  using role_list = std::vector<std::shared_ptr<const role>>;

  principal(std::string name, role_list roles, owner_patterns owners)
    : name_(std::move(name)), roles_(std::move(roles)), owners_(std::move(owners)) {
  }

  const std::string& name() const noexcept {
    return name_;
  }
  bool is_anonymous() const noexcept {
    return name_ == anonymous_name;
  }
  /// Its part in the name of a holder; empty: anonymous.
  std::string_view identity() const noexcept {
    return is_anonymous() ? std::string_view{} : std::string_view{name_};
  }
  const role_list& roles() const noexcept {
    return roles_;
  }
  const owner_patterns& owners() const noexcept {
    return owners_;
  }

  /// Whether it has the right: for `key`, if the right is about keys.
  bool may(right what, std::string_view key = {}) const noexcept;

  /// Whether it has the right for any key with `prefix`.
  /// @pre `what` is about keys
  bool may_some(right what, std::string_view prefix = {}) const noexcept;

  /// Whether it has any right.
  bool may_anything() const noexcept;

  /// The keys with `prefix` for which it has the right, as prefixes in byte order of which
  /// none is a prefix of another. A list scans only these ranges, so it never reads a key
  /// that the client must not see.
  /// @pre `what` is about keys
  std::vector<std::string> ranges(right what, std::string_view prefix = {}) const;

  /// The first line that grants the right, or null.
  const access_line* line_that_gives(right what, std::string_view key = {}) const noexcept;

private:
  std::string name_;
  role_list roles_;
  owner_patterns owners_;
};

} // namespace lockserver
