// The owners that an identity may name. Knows neither identities nor files.
#pragma once

#include "net/access/prefix_set.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lockserver {

/// A set of owners by patterns: a name, or a prefix of names with a `*` after it.
/// Immutable, so all threads may use it.
class owner_patterns {
public:
  /// No owner.
  owner_patterns() = default;

  /// @pre `check` finds nothing wrong with any
  explicit owner_patterns(std::vector<std::string> patterns);

  /// The default of an identity: NAME and NAME/*.
  static owner_patterns of_name(const std::string& name);

  /// What is wrong with a pattern, as the end of a sentence; empty: nothing.
  static std::string check(std::string_view pattern);

  bool allow(std::string_view owner) const noexcept;

  /// In the order of the file.
  const std::vector<std::string>& patterns() const noexcept {
    return patterns_;
  }

private:
  std::vector<std::string> patterns_;
  std::vector<std::string> names_; // sorted
  prefix_set beginnings_;
};

} // namespace lockserver
