// What a registry has of its keys, by name and in the order of names. Knows nothing
// of locks.
#pragma once

#include "actors/rules/seeded_hash.hpp"

#include <array>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

namespace lockserver {

/// A map from names to `T`. No call takes long, however many names there are: a hash
/// table that grows moves all that it has, which takes 0.1 s with a million names.
/// So this one has many small tables, of which each grows by itself.
template <class T>
class key_table {
public:
  /// What is there under that name, or null. Stays where it is until it is removed.
  T* find(const std::string& name) {
    auto& some = part_of(name);
    auto i = some.find(name);
    return i == some.end() ? nullptr : &i->second;
  }

  /// Adds a `T{}` under a name that is not there yet; all or nothing.
  T& add(const std::string& name) {
    auto& some = part_of(name);
    auto i = some.try_emplace(name).first;
    try {
      names_.insert(i->first);
    } catch (...) {
      some.erase(i);
      throw;
    }
    return i->second;
  }

  void remove(const std::string& name) {
    auto& some = part_of(name);
    if (auto i = some.find(name); i != some.end()) {
      names_.erase(i->first);
      some.erase(i);
    }
  }

  void clear() noexcept {
    names_.clear();
    for (auto& some : parts_)
      some.clear();
  }

  const std::set<std::string_view>& names() const noexcept {
    return names_;
  }

  /// Calls `f(T&)` for each.
  template <class F>
  void for_each(F f) {
    for (auto& some : parts_)
      for (auto& [name, x] : some)
        f(x);
  }

private:
  using part = std::unordered_map<std::string, T, seeded_hash>;

  // With a million names in all `key_partitions` a part has 1,000, which move in far less
  // than a millisecond.
  static constexpr std::size_t part_bits = 4;

  // By the highest bits: the parts themselves go by the lowest.
  part& part_of(const std::string& name) {
    return parts_[seeded_hash{}(name) >> (8 * sizeof(std::size_t) - part_bits)];
  }

  std::array<part, std::size_t{1} << part_bits> parts_;
  std::set<std::string_view> names_;
};

} // namespace lockserver
