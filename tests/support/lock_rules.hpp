// The rules of one lock with literal times, and readable results for failed assertions.
#pragma once

#include "actors/rules/lock_queue.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockserver {

inline std::ostream& operator<<(std::ostream& out, acquire_outcome x) {
  constexpr std::array names{"granted",         "waiting",         "held",
                             "already_held",    "already_waiting", "limit_mismatch",
                             "too_many_waiters"};
  return out << names.at(static_cast<std::size_t>(x));
}

} // namespace lockserver

namespace lockserver::test {

/// The result of a waiting request that was not withdrawn.
struct decision {
  enum class kind : std::uint8_t { granted, wait_timeout, lease_ended };

  ticket_id ticket = 0;
  std::string owner;
  kind what = kind::wait_timeout;
  std::uint64_t token = 0; ///< Valid if granted, as is `expires_at`.
  time_point expires_at{};

  friend bool operator==(const decision&, const decision&) = default;
};

inline std::ostream& operator<<(std::ostream& out, const decision& x) {
  out << x.owner << '#' << x.ticket;
  if (x.what == decision::kind::lease_ended)
    return out << " refused for its lease";
  if (x.what == decision::kind::wait_timeout)
    return out << " refused";
  return out << " granted, token " << x.token << ", until "
             << std::chrono::duration<double>{x.expires_at.time_since_epoch()}.count() << 's';
}

/// A grant that its owner did not end, or that had a lease.
struct ended_grant {
  std::string owner;
  std::uint64_t token = 0;
  lease_id lease = 0;
  ticket_id ticket = 0;
  bool expired = false; ///< Its time was over.

  friend bool operator==(const ended_grant&, const ended_grant&) = default;
};

inline std::ostream& operator<<(std::ostream& out, const ended_grant& x) {
  return out << x.owner << '#' << x.ticket << " token " << x.token << " lease " << x.lease
             << (x.expired ? " expired" : " ended");
}

using decisions = std::vector<decision>;
using endings = std::vector<ended_grant>;

inline bool is_decision(const lock_change& x) {
  return x.what == lock_change::kind::waits_no_more && x.why != lock_change::cause::withdrawn;
}

inline bool is_ending(const lock_change& x) {
  return x.what == lock_change::kind::ended
         && (x.why == lock_change::cause::expired || x.about.lease() != 0);
}

inline decisions decisions_in(const lock_changes& changes) {
  decisions result;
  for (auto& x : changes)
    if (is_decision(x)) {
      auto what = decision::kind::wait_timeout;
      if (x.why == lock_change::cause::turn)
        what = decision::kind::granted;
      else if (x.why == lock_change::cause::lease_ended)
        what = decision::kind::lease_ended;
      result.push_back({x.about.ticket, x.about.owner, what, x.about.token, x.about.expires_at});
    }
  return result;
}

inline endings endings_in(const lock_changes& changes) {
  endings result;
  for (auto& x : changes)
    if (is_ending(x))
      result.push_back({x.about.owner, x.about.token, x.about.lease(), x.about.ticket,
                        x.why == lock_change::cause::expired});
  return result;
}

inline time_point at(duration x) {
  return time_point{x};
}

inline decision granted(ticket_id ticket, const std::string& owner, std::uint64_t token,
                        duration until) {
  return {ticket, owner, decision::kind::granted, token, at(until)};
}

inline decision refused(ticket_id ticket, const std::string& owner) {
  return {ticket, owner, decision::kind::wait_timeout, 0, {}};
}

inline decision refused_for_lease(ticket_id ticket, const std::string& owner) {
  return {ticket, owner, decision::kind::lease_ended, 0, {}};
}

// A lock whose first grant has token 1, and its decisions.
struct lock_rules {
  token_source tokens{0};
  lock_limits limits{1000, 1000};
  lock_queue lock{tokens, limits};
  lock_changes out;

  acquire_outcome acquire(duration now, const std::string& owner, ticket_id ticket, duration ttl,
                          duration wait = duration::zero()) {
    return acquire(now, {owner, ticket, ttl, wait});
  }
  acquire_outcome acquire(duration now, lock_request x) {
    return lock.acquire(at(now), std::move(x), out).outcome;
  }
  acquire_outcome share(duration now, const std::string& owner, ticket_id ticket, duration ttl,
                        duration wait = duration::zero(), std::uint32_t limit = 0) {
    return acquire(now, {owner, ticket, ttl, wait, lock_mode::shared, limit});
  }
  bool release(duration now, std::string_view owner, std::uint64_t token = 0) {
    return lock.release(at(now), owner, token, out);
  }
  bool withdraw(duration now, ticket_id ticket) {
    return lock.withdraw(at(now), ticket, out);
  }
  void expire(duration now) {
    lock.expire(at(now), out);
  }

  bool verify(duration now, std::string_view owner) const {
    return lock.find(at(now), owner) != nullptr;
  }
  // The first holder, or null.
  const grant* holder() const {
    return lock.holders().empty() ? nullptr : &lock.holders().front();
  }
  // The names of the holders, as "a b c".
  std::string holders() const {
    std::string result;
    for (auto& x : lock.holders())
      result += (result.empty() ? "" : " ") + x.owner;
    return result;
  }
  // The names of the waiters, likewise.
  std::string line() const {
    std::string result;
    lock.for_each_waiter([&](auto& x) {
      result += (result.empty() ? "" : " ") + x.request.owner;
      return true;
    });
    return result;
  }

  decisions decided() {
    auto result = decisions_in(out);
    erase(&is_decision);
    return result;
  }
  endings ended() {
    auto result = endings_in(out);
    erase(&is_ending);
    return result;
  }

private:
  void erase(bool (*which)(const lock_change&)) {
    out.erase(std::remove_if(out.begin(), out.end(), which), out.end());
  }
};

} // namespace lockserver::test
