// The rules of leases: which exist, until when, and which locks each has. A plain class
// that is told the time. Knows no actors, clocks or stores.
#pragma once

#include "actors/rules/answer_room.hpp"
#include "actors/rules/lock_queue.hpp"
#include "actors/rules/stored.hpp"
#include "lockserver/errc.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace lockserver {

/// The limits of a lease table.
struct lease_limits {
  std::size_t max_leases = std::numeric_limits<std::size_t>::max(); ///< Leases at a time.
  std::size_t max_locks = std::numeric_limits<std::size_t>::max();  ///< Locks of one lease.
};

/// The leases of a server, with the verbs of etcd's lessor.
///
/// A lease is alive until its time is over at `now`, whether or not anybody has ended it
/// yet. A change that is not stored yet is counted at once but promised to nobody. So a
/// lease is made in two steps (`reserve`, `add`), and renewed in two (`renew`, then
/// `confirm_renewal` or `undo_renewal`).
///
/// A lock counts from its request (`begin_attach`) until the request is refused
/// (`cancel_attach`) or the grant has ended (`detach`). So when a lease ends, its keys
/// are all those that may have a request or a grant of it.
///
/// Calls about a lease that has ended do nothing. Strong exception guarantee. `now` must
/// not decrease. Not thread-safe.
class lease_table {
public:
  /// The requests and grants of a lease at one key.
  struct share {
    std::size_t under_way = 0; ///< Requests without an answer.
    std::set<std::uint64_t> tokens;
  };
  /// In the order in which they are shown.
  using share_map = std::map<std::string, share, std::less<>>;

  struct lease {
    lease_id id;
    std::string name;
    /// The client that made it, see holder_name.hpp. No owner in it: all owners of its
    /// identity may use the lease.
    std::string owner;
    duration ttl;
    time_point expires_at;
    time_point promised; ///< The expiry that is stored, or an earlier one.
    share_map keys{};
    std::size_t locks = 0; ///< In all `keys`, requested or granted.
  };

  /// @param limits must outlive this object.
  explicit lease_table(const lease_limits& limits) noexcept : limits_(&limits) {
  }

  // -- leases -------------------------------------------------------------------

  /// Leases that are made later have ids greater than `last`.
  void stay_above(lease_id last) noexcept {
    last_id_ = std::max(last_id_, last);
  }

  /// Reserves room for one more lease, until the result is destroyed; null if there is
  /// none.
  std::shared_ptr<const void> reserve();

  /// The record to store for a new lease with that name. The lease does not exist before
  /// `add`.
  lease_record make(time_point now, std::string name, std::string owner, duration ttl) noexcept;

  /// Adds a lease that was stored, just now or by another process.
  const lease& add(const lease_record& x);

  /// Starts the lease's time again. Returns the record to store; none if there is no such
  /// lease.
  std::optional<lease_record> renew(time_point now, const std::string& name);

  /// The renewal is stored. Returns the lease, or null if it is over by now.
  const lease* confirm_renewal(time_point now, const lease_record& x) noexcept;

  /// The renewal cannot be stored. The lease ends at its earlier expiry, unless it has
  /// been renewed again.
  void undo_renewal(time_point now, const lease_record& x) noexcept;

  /// The lease of that name, or null.
  const lease* find(time_point now, const std::string& name) const;

  /// A lease whose time is over and that must be ended, or null.
  const lease* first_over(time_point now) const;

  /// The earliest expiry.
  std::optional<time_point> next_expiry() const noexcept;

  /// Ends a lease. @pre it exists
  /// @param keys receives the keys that may have a request or a grant of it.
  void end(lease_id id, share_map& keys) noexcept;

  std::size_t size() const noexcept {
    return leases_.size();
  }

  // -- locks of leases ----------------------------------------------------------

  struct attachment {
    /// Or `lease_expired`, `forbidden`, `wrong_owner`, `too_many_locks`.
    errc status = errc::ok;
    lease_id lease = 0;
  };

  /// Notes that `owner` asks for a lock of `key` with the lease of that name.
  attachment begin_attach(time_point now, const std::string& name, std::string_view owner,
                          const std::string& key);

  /// Notes that the request was refused or taken back.
  void cancel_attach(lease_id id, const std::string& key) noexcept;

  /// Notes that the request was granted, perhaps as a repeat of another. Returns the end
  /// of the grant, or none if the lease is over.
  std::optional<time_point> attach(time_point now, lease_id id, const std::string& key,
                                   std::uint64_t token);

  /// Notes that a grant has ended.
  void detach(lease_id id, const std::string& key, std::uint64_t token) noexcept;

  /// Notes a stored grant of the lease, which was not requested here. Returns false if
  /// the lease is over, so that the grant must end.
  bool restore(lease_id id, const std::string& key, std::uint64_t token);

  /// Calls `f(key, token)` for the locks of `x` whose keys follow `after`. It stops after
  /// `most` locks, or when the answer is full, but the locks of one key stay together,
  /// and there is at least one key. Returns the `after` of the next page, or an empty
  /// string.
  template <class F>
  static std::string for_page(const lease& x, std::string_view after, std::uint64_t most, F f) {
    answer_room room;
    std::uint64_t taken = 0; // locks, and keys that have none
    for (auto i = x.keys.upper_bound(after); i != x.keys.end(); ++i) {
      auto& tokens = i->second.tokens;
      auto size = std::max<std::uint64_t>(tokens.size(), 1);
      auto fits = taken + size <= most;
      for (auto n = size; n > 0 && fits; --n)
        fits = room.take(i->first);
      if (!fits && taken > 0)
        return std::prev(i)->first;
      taken += size;
      for (auto token : tokens)
        f(i->first, token);
    }
    return {};
  }

private:
  lease* find_mutable(time_point now, const std::string& name);
  void set_expiry(lease& x, time_point expires_at) noexcept;
  template <class F>
  void change_share(lease_id id, const std::string& key, F change) noexcept;

  const lease_limits* limits_;
  std::unordered_map<lease_id, lease> leases_;
  std::unordered_map<std::string, lease_id> by_name_;
  std::set<std::pair<time_point, lease_id>> by_expiry_;
  lease_id last_id_ = 0;
  // Shared with the reservations.
  std::shared_ptr<std::size_t> reserved_ = std::make_shared<std::size_t>(0);
};

} // namespace lockserver
