// How all sessions send requests to the actors that own the locks.
#pragma once

#include "actors/caf_answers.hpp"
#include "actors/lister.hpp"
#include "net/session/holdings.hpp"
#include "net/session/reply.hpp"
#include "net/session/server_context.hpp"

#include <chrono>
#include <utility>

namespace lockserver {

/// The actor that answers `x`.
/// @param who sends it: a list has only the keys that this client may read
template <class Self, class Request>
decltype(auto)
receiver_of(Self& self, server_context& context, const principal& who, const Request& x) {
  if constexpr (std::is_same_v<Request, list_request>)
    return compat::spawn_ready<lister>(self, context.keys, who.ranges(right::read, x.prefix));
  else if constexpr (requires { x.key; })
    return context.keys->of(x.key);
  else
    return (context.keys->leases);
}

/// Sends an acquire request to the actor that decides about it. `mine` is its record.
/// @return what CAF returns for a request
template <class Self>
auto ask_to_acquire(Self& self, server_context& context, const acquisition& mine,
                    acquire_request&& x) {
  x.ticket = mine.ticket;
  if (mine.lease.empty())
    return compat::request(&self, context.keys->of(mine.key), std::move(x));
  return compat::request(&self, context.keys->leases,
                         lease_acquire_request{mine.lease, std::move(x)});
}

/// Sends a withdrawal through the same actors as the acquire request, so that it cannot
/// overtake the request.
template <class Self>
void withdraw(Self& self, server_context& context, const acquisition& mine, withdrawal what) {
  withdraw_request x{mine.key, mine.ticket, what};
  if (mine.lease.empty())
    compat::send(&self, context.keys->of(mine.key), std::move(x));
  else
    compat::send(&self, context.keys->leases, std::move(x));
}

template <class Self>
void withdraw(Self& self, server_context& context, const withdrawn& x) {
  withdraw(self, context, x.what, x.in_any_case ? withdrawal::held : withdrawal::undelivered);
}

/// When a grant of this ttl ends, counted from `now`.
inline time_point end_of(time_point now, duration ttl) {
  return ttl > time_point::max() - now ? time_point::max() : now + ttl;
}

} // namespace lockserver
