// The requests of a client in any dialect: mostly those that the actors understand.
#pragma once

#include "actors/messages.hpp"
#include "lockserver/lock_mode.hpp"
#include "net/session/admission.hpp"

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace lockserver {

/// Asks for a lock. The session gives `request` its ticket.
struct lock_wish {
  acquire_request request;
  std::string lease{}; ///< Not empty: the id of the lease that the grant ends with.
  hold_mode hold = hold_mode::ttl;
};

/// Asks for the server's settings and counts.
struct server_info_request {};

/// Asks whether the server accepts new work.
struct readiness_request {};

/// Asks the server to stop.
struct shutdown_request {};

using session_request
  = std::variant<lock_wish, renew_request, release_request, check_request, inspect_request,
                 list_request, lease_create_request, lease_renew_request, lease_inspect_request,
                 lease_end_request, server_info_request, readiness_request, shutdown_request>;

/// The key that `x` is about; empty: none.
template <class T>
std::string_view key_of(const T& x) {
  if constexpr (std::is_same_v<T, lock_wish>)
    return x.request.key;
  else if constexpr (requires { x.key; })
    return x.key;
  else
    return {};
}

/// The owner that `x` names; empty: none.
template <class T>
std::string_view owner_of(const T& x) {
  if constexpr (std::is_same_v<T, lock_wish>)
    return x.request.owner;
  else if constexpr (requires { x.owner; })
    return x.owner;
  else
    return {};
}

/// What `x` needs from the server.
template <class T>
constexpr need need_of(const T&) {
  if constexpr (std::is_same_v<T, lock_wish>)
    return need::grant;
  else if constexpr (std::is_same_v<T, server_info_request> || std::is_same_v<T, shutdown_request>)
    return need::nothing;
  else
    return need::locks;
}

} // namespace lockserver
