// The rules of leases: which there are, until when, and which locks each has. A plain
// class that is told the time; it knows no actors, clocks or stores.
#pragma once

#include "actors/rules/answer_room.hpp"
#include "actors/rules/lock_queue.hpp"
#include "actors/rules/stored.hpp"
#include "lockserver/errc.hpp"

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

/// The most that there is.
struct lease_limits {
  std::size_t max_leases = std::numeric_limits<std::size_t>::max(); ///< At a time.
  std::size_t max_locks = std::numeric_limits<std::size_t>::max();  ///< Of one lease.
};

/// The leases of a server, in the verbs of etcd's lessor.
///
/// A lease counts as alive until its time is over at `now`, whether or not anybody
/// has ended it yet. What is still to be stored is counted at once and promised to
/// nobody: a lease is made in two steps (`reserve`, `add`), and renewed in two (`renew`,
/// then `confirm_renewal` or `undo_renewal`).
///
/// A lock counts from the moment when it is asked for (`begin_attach`) until the
/// request is refused (`cancel_attach`) or the grant has ended (`detach`). So when the
/// lease ends, its keys are all those that may have something of it.
///
/// What is told of a lease that is over does nothing. An operation that throws has
/// changed nothing. `now` must not go backwards. Not thread-safe.
class lease_table {
public:
  /// What a lease has at one key.
  struct share {
    std::size_t under_way = 0; ///< Requests that have not been answered.
    std::set<std::uint64_t> tokens;
  };
  /// In the order in which they are shown.
  using share_map = std::map<std::string, share, std::less<>>;

  struct lease {
    lease_id id;
    std::string name;
    std::string owner; ///< Empty: anyone may use it.
    duration ttl;
    time_point expires_at;
    time_point promised; ///< Until when it lasts by what is stored, or sooner.
    share_map keys{};
    std::size_t locks = 0; ///< In all `keys`, asked for or granted.
  };

  /// @param limits must outlive this object.
  explicit lease_table(const lease_limits& limits) noexcept : limits_(&limits) {
  }

  // -- their lives ------------------------------------------------------------

  /// Room for one more lease, until the result is destroyed; null if there is none.
  std::shared_ptr<const void> reserve();

  /// What to store of a new lease with that name. It is none before `add`.
  lease_record make(time_point now, std::string name, std::string owner, duration ttl) noexcept;

  /// Adds a lease that has been stored, just now or in another process.
  const lease& add(const lease_record& x);

  /// Begins its time anew. Returns what to store, or nothing if there is no such lease.
  std::optional<lease_record> renew(time_point now, const std::string& name);

  /// It is stored. Returns the lease, or null if it is over by now.
  const lease* confirm_renewal(time_point now, const lease_record& x) noexcept;

  /// It cannot be stored: the lease ends when it would have, unless it has been renewed
  /// again.
  void undo_renewal(time_point now, const lease_record& x) noexcept;

  /// The lease of that name, or null.
  const lease* find(time_point now, const std::string& name) const;

  /// One whose time is over, or null: to be ended.
  const lease* first_over(time_point now) const;

  /// When the next one's time is over.
  std::optional<time_point> next_expiry() const noexcept;

  /// Ends a lease. @pre it is there
  /// @param keys takes over those that may have something of it.
  void end(lease_id id, share_map& keys) noexcept;

  std::size_t size() const noexcept {
    return leases_.size();
  }

  // -- their locks ------------------------------------------------------------

  struct attachment {
    errc status = errc::ok; ///< Or `lease_expired`, `wrong_owner`, `too_many_locks`.
    lease_id lease = 0;
  };

  /// `owner` asks for a lock of `key` with the lease of that name.
  attachment begin_attach(time_point now, const std::string& name, std::string_view owner,
                          const std::string& key);

  /// The request is refused, or taken back.
  void cancel_attach(lease_id id, const std::string& key) noexcept;

  /// The request is granted, perhaps as the repeat of another. Returns until when the
  /// grant lasts, or nothing if its lease is over.
  std::optional<time_point> attach(time_point now, lease_id id, const std::string& key,
                                   std::uint64_t token);

  /// A grant has ended.
  void detach(lease_id id, const std::string& key, std::uint64_t token) noexcept;

  /// A key has a grant of the lease that was not asked for here: it was stored. Returns
  /// false if the lease is over, and the grant has to end.
  bool restore(lease_id id, const std::string& key, std::uint64_t token);

  /// Calls `f(key, token)` with the locks of `x` behind the key `after`: at most `most`
  /// and as many as an answer has room for, or else those of one key. The locks of a key
  /// stay together. Returns the key behind which the next page begins, or an empty
  /// string.
  template <class F>
  static std::string for_page(const lease& x, std::string_view after, std::uint64_t most, F f) {
    answer_room room;
    std::uint64_t taken = 0; // locks, and keys without any
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
  // Shared with those who have reserved it.
  std::shared_ptr<std::size_t> reserved_ = std::make_shared<std::size_t>(0);
};

} // namespace lockserver
