// Tracks which keys must still be told that a lease has ended. Knows no actors and no
// time.
#pragma once

#include "actors/rules/lease_table.hpp"

#include <deque>
#include <memory>
#include <string>
#include <utility>

namespace lockserver {

/// Leases that have ended, until all their keys have confirmed it. A key is told at most
/// once at a time, and again if it could not do what it was told. The leases take turns,
/// so that one with few keys does not wait for one with many.
/// @tparam Answer for the client that ends a lease and waits until its locks are free.
template <class Answer>
class lease_endings {
public:
  using key_map = lease_table::share_map;

  struct ending {
    lease_id id;
    std::string name;
    Answer answer;
    key_map untold{};
    key_map told{}; ///< But they have not confirmed it yet.

    bool is_over() const noexcept {
      return untold.empty() && told.empty();
    }
  };
  using pointer = std::shared_ptr<ending>;

  /// One key that is told of the end of one lease.
  struct notice {
    pointer of;
    typename key_map::iterator key;

    const std::string& name() const noexcept {
      return key->first;
    }
  };

  /// Adds a lease. `take_keys(keys)` fills in the keys that must be told, and must not
  /// throw. Returns the ending, which may be over already.
  template <class F>
  pointer add(lease_id id, std::string name, Answer answer, F take_keys) {
    auto all = std::make_shared<ending>(ending{id, std::move(name), std::move(answer)});
    endings_.push_back(all);
    take_keys(all->untold);
    if (all->untold.empty())
      endings_.pop_back();
    return all;
  }

  /// Whether there is a key to tell.
  bool empty() const noexcept {
    return endings_.empty();
  }

  /// Calls `f(notice)` for the next key. If `f` throws, the key counts as not told.
  template <class F>
  void tell_next(F f) {
    auto all = endings_.front();
    auto key = all->told.insert(all->untold.extract(all->untold.begin())).position;
    try {
      f(notice{all, key});
    } catch (...) {
      all->untold.insert(all->told.extract(key));
      throw;
    }
    if (!all->untold.empty())
      endings_.push_back(all);
    endings_.pop_front();
  }

  /// A key has done what it was told. Returns whether all keys have.
  bool heard(const notice& x) noexcept {
    x.of->told.erase(x.key);
    return x.of->is_over();
  }

  /// A key could not do it, and is told again.
  void tell_again(const notice& x) {
    if (x.of->untold.empty())
      endings_.push_back(x.of);
    x.of->untold.insert(x.of->told.extract(x.key));
  }

  void clear() noexcept {
    endings_.clear();
  }

private:
  std::deque<pointer> endings_; // each has keys to tell
};

} // namespace lockserver
