// How many of something each client has, with a limit for each. Knows no clients.
#pragma once

#include "actors/rules/seeded_hash.hpp"
#include "net/access/client_network.hpp"

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace lockserver {

/// Counts for names of any kind. Only those with a count take memory. Thread-safe.
template <class Name, class Hash>
class limited_counts {
public:
  /// One that is counted, until its end.
  class ticket {
  public:
    ticket() = default;
    ticket(limited_counts& counts, Name name) : counts_(&counts), name_(std::move(name)) {
    }
    ticket(ticket&& x) noexcept
      : counts_(std::exchange(x.counts_, nullptr)), name_(std::move(x.name_)) {
    }
    ticket& operator=(ticket&& x) noexcept {
      std::swap(counts_, x.counts_);
      std::swap(name_, x.name_);
      return *this;
    }
    ~ticket() {
      if (counts_ != nullptr)
        counts_->remove(*name_);
    }

  private:
    limited_counts* counts_ = nullptr;
    std::optional<Name> name_;
  };

  /// @param most of each; 0: any number, and nothing is counted
  explicit limited_counts(std::size_t most) : most_(most) {
  }

  bool is_limited() const noexcept {
    return most_ > 0;
  }
  std::size_t most() const noexcept {
    return most_;
  }

  /// Counts one more. Returns false, and counts nothing, if there are as many as may be.
  bool add(const Name& name, ticket& out) {
    if (most_ == 0)
      return true;
    auto copy = name; // before it counts: that may throw
    {
      std::lock_guard guard{mutex_};
      auto& count = counts_[name];
      if (count >= most_)
        return false;
      ++count;
    }
    out = ticket{*this, std::move(copy)};
    return true;
  }

private:
  void remove(const Name& name) noexcept {
    std::lock_guard guard{mutex_};
    auto i = counts_.find(name);
    if (--i->second == 0)
      counts_.erase(i);
  }

  const std::size_t most_;
  std::mutex mutex_;
  std::unordered_map<Name, std::size_t, Hash> counts_;
};

/// Of identities, by name.
using identity_counts = limited_counts<std::string, seeded_hash>;

/// Of addresses.
using address_counts = limited_counts<client_network, client_network::hash>;

} // namespace lockserver
