// Sets of names by prefixes. Knows nothing of rights and locks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lockserver {

/// All names with one of some prefixes, compared byte by byte. The empty prefix stands for
/// all names. Immutable, so all threads may use it.
class prefix_set {
public:
  /// An empty set.
  prefix_set() = default;

  /// @param prefixes in any order; they may overlap
  explicit prefix_set(std::vector<std::string> prefixes);

  /// Takes O(log n).
  bool contains(std::string_view name) const noexcept;

  /// Whether it contains any name with `prefix`. Takes O(log n).
  bool has_some(std::string_view prefix) const noexcept;

  /// The smallest list of prefixes for the set, in byte order. None is a prefix of another,
  /// so the ranges of their names are disjoint and in the same order.
  const std::vector<std::string>& prefixes() const noexcept {
    return prefixes_;
  }

  /// The same for those of its names that have `prefix`.
  std::vector<std::string> within(std::string_view prefix) const;

private:
  std::vector<std::string> prefixes_;
};

} // namespace lockserver
