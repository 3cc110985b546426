// What the actors ask of a durable store, and what they keep in it: plain
// structs. Knows no actors, and not how it is stored (store/ does).
#pragma once

#include "actors/rules/stored.hpp"
#include "lockserver/boot_clock.hpp"

#include <chrono>
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

/// What a commit has come to. A store does not return before it knows.
struct commit_result {
  enum outcome : std::uint8_t {
    stored,
    refused, ///< Nothing has changed; it may be tried again.
    lost,    ///< Another server writes here now: this one never will again.
  };

  outcome what = stored;
  std::string problem{}; ///< Why it is not stored, as a sentence.
};

/// Keeps what a server has granted. Not thread-safe, but for what says so.
class store {
public:
  using duration = std::chrono::steady_clock::duration;

  virtual ~store() = default;

  /// Makes `x` durable, all or nothing: the grants first, then what has ended.
  /// Later tokens than those in `x` are greater, whatever happens.
  virtual commit_result commit(const store_batch& x) = 0;

  /// Makes sure that this server still is the one that writes, and notes what the store
  /// needs to know of the clocks. When it returns `stored`, no other server had written
  /// before it was called. `refused` may be about earlier commits that a disk did not take
  /// which was not waited for.
  virtual commit_result keep() = 0;

  /// `keep` is to be called so often.
  virtual duration keep_interval() const = 0;

  /// Until then no other server writes here: what is stored may be told without asking the
  /// store. Moved by `commit` and `keep`; the most there is if no other ever can. Any
  /// thread.
  virtual boot_clock::time_point answers_until() const noexcept = 0;

  /// How long a commit is worth waiting for more that goes with it, when there are many
  /// requests: something if a commit costs much whatever is in it, else nothing.
  virtual duration gather() const = 0;

  /// A `commit` or `keep` that is under way, or begins later, returns soon: it may be
  /// `lost` if it is not known what has become of it. Any thread.
  virtual void interrupt() noexcept = 0;

  /// Calls `on_lease` with every lease, then `on_grant` with every grant, by
  /// growing tokens. May be called while another thread commits.
  /// @return an empty string, or a sentence why not all could be read.
  virtual std::string
  load(const std::function<void(lease_record&&)>& on_lease,
       const std::function<void(std::string&& key, grant_record&&)>& on_grant) const = 0;

  /// No token that has been handed out was greater.
  virtual std::uint64_t last_token() const = 0;

  /// No lease that is stored, or that a stored grant names, has a greater id. So a lease
  /// that is made later is taken for none of them.
  virtual std::uint64_t last_lease() const = 0;
};

} // namespace lockserver
