// A table with a limited number of entries. Knows nothing of their meaning.
#pragma once

#include <boost/multi_index/hashed_index.hpp>
#include <boost/multi_index/member.hpp>
#include <boost/multi_index/sequenced_index.hpp>
#include <boost/multi_index_container.hpp>

#include <cstddef>
#include <functional>
#include <utility>

namespace lockserver {

/// A map from `Key` to `T`. When it is full, a new entry replaces the least recently used.
/// Each call takes O(1).
template <class Key, class T, class Hash, class Equal = std::equal_to<>>
class recent_table {
public:
  /// @pre `most > 0`
  explicit recent_table(std::size_t most) : most_(most) {
  }

  /// The value of `key`, or null. Does not count as a use.
  template <class Like>
  const T* find(const Like& key) const {
    auto& keys = entries_.template get<by_key>();
    auto i = keys.find(key);
    return i == keys.end() ? nullptr : &i->value;
  }

  /// The same, or a new `T{}`. The reference is valid until the entry is replaced.
  template <class Like>
  T& use(const Like& key) {
    auto& keys = entries_.template get<by_key>();
    auto& order = entries_.template get<by_use>();
    auto i = keys.find(key);
    if (i == keys.end()) {
      i = keys.emplace(Key{key}).first;
      if (entries_.size() > most_)
        order.pop_front();
    } else {
      order.relocate(order.end(), entries_.template project<by_use>(i));
    }
    return i->value;
  }

  std::size_t size() const noexcept {
    return entries_.size();
  }

private:
  struct entry {
    explicit entry(Key key_) : key(std::move(key_)) {
    }

    Key key;
    mutable T value{}; // no index depends on it
  };
  struct by_use {};
  struct by_key {};

  std::size_t most_;
  boost::multi_index_container<
    entry, boost::multi_index::indexed_by<
             boost::multi_index::sequenced<boost::multi_index::tag<by_use>>,
             boost::multi_index::hashed_unique<boost::multi_index::tag<by_key>,
                                               boost::multi_index::member<entry, Key, &entry::key>,
                                               Hash, Equal>>>
    entries_;
};

} // namespace lockserver
