// The rules of one lock with literal times, and how their results read in a
// failed assertion.
#pragma once

#include "actors/rules/lock_queue.hpp"

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

inline std::ostream& operator<<(std::ostream& out, const decision& x) {
  out << x.owner << '#' << x.ticket;
  if (x.what == decision::kind::lease_ended)
    return out << " refused for its lease";
  if (x.what == decision::kind::wait_timeout)
    return out << " refused";
  return out << " granted, token " << x.token << ", until "
             << std::chrono::duration<double>{x.expires_at.time_since_epoch()}.count() << 's';
}

inline std::ostream& operator<<(std::ostream& out, const ended_grant& x) {
  return out << x.owner << '#' << x.ticket << " token " << x.token << " lease " << x.lease
             << (x.expired ? " expired" : " ended");
}

} // namespace lockserver

namespace lockserver::test {

using decisions = std::vector<decision>;
using endings = std::vector<ended_grant>;

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

// A lock whose first grant has token 1, and what it has decided.
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
  // The first of the holders, or null.
  const grant* holder() const {
    return lock.holders().empty() ? nullptr : &lock.holders().front();
  }
  // The holders' names, as "a b c".
  std::string holders() const {
    std::string result;
    for (auto& x : lock.holders())
      result += (result.empty() ? "" : " ") + x.owner;
    return result;
  }
  // The same of those in line.
  std::string line() const {
    std::string result;
    lock.for_each_waiter([&](auto& x) {
      result += (result.empty() ? "" : " ") + x.request.owner;
      return true;
    });
    return result;
  }

  decisions decided() {
    return std::exchange(out.decided, {});
  }
  endings ended() {
    return std::exchange(out.ended, {});
  }
};

} // namespace lockserver::test
