// The rules of one lock with literal times, and how their results read in a
// failed assertion.
#pragma once

#include "actors/lock_queue.hpp"

#include <chrono>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace lockserver {

inline std::ostream& operator<<(std::ostream& out, acquire_outcome x) {
  switch (x) {
    case acquire_outcome::granted:
      return out << "granted";
    case acquire_outcome::waiting:
      return out << "waiting";
    case acquire_outcome::held:
      return out << "held";
    case acquire_outcome::already_held:
      return out << "already_held";
    case acquire_outcome::already_waiting:
      return out << "already_waiting";
  }
  return out << "acquire_outcome(" << static_cast<int>(x) << ')';
}

inline std::ostream& operator<<(std::ostream& out, const decision& x) {
  out << x.owner << '#' << x.ticket;
  if (!x.granted)
    return out << " refused";
  return out << " granted, token " << x.token << ", until "
             << std::chrono::duration<double>{x.expires_at.time_since_epoch()}.count() << 's';
}

} // namespace lockserver

namespace lockserver::test {

using decisions = lock_queue::decisions;

inline time_point at(duration x) {
  return time_point{x};
}

inline decision granted(ticket_id ticket, const std::string& owner, std::uint64_t token,
                        duration until) {
  return {ticket, owner, true, token, at(until)};
}

inline decision refused(ticket_id ticket, const std::string& owner) {
  return {ticket, owner, false, 0, {}};
}

// A lock whose first grant has token 1, and what it has decided.
struct lock_rules {
  token_source tokens{0};
  lock_queue lock{tokens};
  decisions out;

  acquire_outcome acquire(duration now, const std::string& owner, ticket_id ticket, duration ttl,
                          duration wait = duration::zero()) {
    return lock.acquire(at(now), owner, ticket, ttl, wait, out);
  }
  bool release(duration now, std::string_view owner) {
    return lock.release(at(now), owner, out);
  }
  bool withdraw(duration now, ticket_id ticket) {
    return lock.withdraw(at(now), ticket, out);
  }
  void expire(duration now) {
    lock.expire(at(now), out);
  }
  decisions decided() {
    return std::exchange(out, {});
  }
};

} // namespace lockserver::test
