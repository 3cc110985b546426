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

/// Ends the lease `x`. Nobody knows whose it is before LEASES has looked, so it is asked as
/// the client's own identity first.
/// @param by_force returns whether the client may end the lease of another identity:
///        `errc::ok`, or the status of the answer.
/// @param done takes the `lease_reply&`.
/// @param failed takes the error in place of an answer.
template <class Self, class ByForce, class Done, class Failed>
void end_lease(Self& self, server_context& context, const lease_end_request& x, ByForce by_force,
               Done done, Failed failed) {
  auto on_reply = [&self, &context, x, by_force, done, failed](lease_reply& reply) {
    auto is_anothers = reply.status == lease_reply::forbidden;
    if (is_anothers)
      reply.status = by_force();
    if (!is_anothers || reply.status != errc::ok)
      return done(reply);
    lease_end_request any{holder_name(any_identity, parts_of(x.lease).owner)};
    compat::request(&self, context.keys->leases, std::move(any))
      .then(guarded_answer(self, done), guarded_answer(self, failed));
  };
  compat::request(&self, context.keys->leases, x)
    .then(guarded_answer(self, std::move(on_reply)), guarded_answer(self, failed));
}

/// When a grant of this ttl ends, counted from `now`.
inline time_point end_of(time_point now, duration ttl) {
  return ttl > time_point::max() - now ? time_point::max() : now + ttl;
}

} // namespace lockserver
