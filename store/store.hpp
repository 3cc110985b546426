// What the actors ask of a durable store, and what they keep in it: plain
// structs. Knows no actors, and not how it is stored (store/ does).
#pragma once

#include "actors/rules/stored.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockserver {

/// What is to become durable together.
struct store_batch {
  /// Granted or renewed, with their keys.
  std::vector<std::pair<std::string_view, const grant_record*>> grants;
  std::vector<std::uint64_t> ended_grants; ///< Tokens; some may not be there.
  std::vector<const lease_record*> new_leases;
  std::vector<const lease_record*> renewed_leases; ///< Not any more if ended before.
  std::vector<std::uint64_t> ended_leases;
};

/// Keeps what a server has granted. Not thread-safe.
class store {
public:
  virtual ~store() = default;

  /// Makes `x` durable, all or nothing: the grants first, then what has ended.
  /// Later tokens than those in `x` are greater, whatever happens.
  /// @return an empty string, or a sentence why nothing has changed.
  virtual std::string commit(const store_batch& x) = 0;

  /// To be called every few seconds, so that a wall clock that is set while the
  /// server runs does not count as time that passes.
  /// @return as `commit`, also of earlier commits that a disk did not take which
  /// was not waited for.
  virtual std::string keep_time() = 0;

  /// Calls `on_lease` with every lease, then `on_grant` with every grant, by
  /// growing tokens. May be called while another thread commits.
  /// @return an empty string, or a sentence why not all could be read.
  virtual std::string
  load(const std::function<void(lease_record&&)>& on_lease,
       const std::function<void(std::string&& key, grant_record&&)>& on_grant) const = 0;

  /// No token that has been handed out was greater.
  virtual std::uint64_t last_token() const = 0;
};

} // namespace lockserver
