// The keys of a registry, by name and in the order of names. Knows nothing of locks.
#pragma once

#include "actors/rules/seeded_hash.hpp"

#include <array>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

namespace lockserver {

/// A map from names to `T`. No call takes long, however many names there are. When a hash
/// table grows, it moves all entries, which takes 0.1 s with a million names. So this
/// class has many small tables, and each of them grows alone.
template <class T>
class key_table {
public:
  /// The entry with that name, or null. Its address is valid until it is removed.
  T* find(const std::string& name) {
    auto& some = part_of(name);
    auto i = some.find(name);
    return i == some.end() ? nullptr : &i->second;
  }

  /// Adds a `T{}` with a new name. Strong exception guarantee.
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

  /// Calls `f(T&)` for each entry.
  template <class F>
  void for_each(F f) {
    for (auto& some : parts_)
      for (auto& [name, x] : some)
        f(x);
  }

private:
  using part = std::unordered_map<std::string, T, seeded_hash>;

  // With a million names in all `key_partitions`, a table has 1,000 entries. It moves
  // them in far less than a millisecond.
  static constexpr std::size_t part_bits = 4;

  // Uses the highest bits of the hash, because the tables use the lowest.
  part& part_of(const std::string& name) {
    return parts_[seeded_hash{}(name) >> (8 * sizeof(std::size_t) - part_bits)];
  }

  std::array<part, std::size_t{1} << part_bits> parts_;
  std::set<std::string_view> names_;
};

} // namespace lockserver
