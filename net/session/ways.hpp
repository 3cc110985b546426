// The ways from a session to the actors of the locks: the same for all sessions.
#pragma once

#include "actors/caf_answers.hpp"
#include "actors/lister.hpp"
#include "net/session/holdings.hpp"
#include "net/session/reply.hpp"
#include "net/session/server_context.hpp"

#include <chrono>
#include <utility>

namespace lockserver {

/// Who answers `x`.
template <class Self, class Request>
decltype(auto) receiver_of(Self& self, server_context& context, const Request& x) {
  if constexpr (std::is_same_v<Request, list_request>)
    return compat::spawn_ready<lister>(self, context.keys);
  else if constexpr (requires { x.key; })
    return context.keys->of(x.key);
  else
    return (context.keys->leases);
}

/// Sends an acquire request on its way, of which `mine` is kept.
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

/// Sends `x` on the way that its acquire request went, so as to come behind it.
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

/// When a grant ends that lasts so long from `now`.
inline time_point end_of(time_point now, duration ttl) {
  return ttl > time_point::max() - now ? time_point::max() : now + ttl;
}

} // namespace lockserver
