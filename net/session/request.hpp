// The requests of a client in any dialect: mostly those that the actors understand.
#pragma once

#include "actors/messages.hpp"
#include "actors/rules/holder_name.hpp"
#include "lockserver/lock_mode.hpp"
#include "net/access/permission.hpp"
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

/// Asks who the client is, and what it may do.
struct access_request {};

/// Asks the server to stop.
struct shutdown_request {};

using session_request
  = std::variant<lock_wish, renew_request, release_request, check_request, inspect_request,
                 list_request, lease_create_request, lease_renew_request, lease_inspect_request,
                 lease_end_request, server_info_request, readiness_request, access_request,
                 shutdown_request>;

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
  else if constexpr (
    std::is_same_v<
      T,
      server_info_request> || std::is_same_v<T, access_request> || std::is_same_v<T, shutdown_request>)
    return need::nothing;
  else
    return need::locks;
}

// -- whether the client may ask for it -----------------------------------------

inline operation operation_of(const lock_wish&) {
  return operation::acquire;
}
inline operation operation_of(const acquire_lock&) {
  return operation::acquire;
}
inline operation operation_of(const renew_request&) {
  return operation::renew;
}
inline operation operation_of(const release_request& x) {
  return x.force ? operation::force_release : operation::release;
}
inline operation operation_of(const check_request&) {
  return operation::check;
}
inline operation operation_of(const inspect_request&) {
  return operation::inspect;
}
inline operation operation_of(const list_request&) {
  return operation::list;
}
inline operation operation_of(const lease_create_request&) {
  return operation::lease_create;
}
inline operation operation_of(const lease_renew_request&) {
  return operation::lease_renew;
}
inline operation operation_of(const lease_inspect_request&) {
  return operation::lease_inspect;
}
inline operation operation_of(const lease_end_request&) {
  return operation::lease_end;
}
inline operation operation_of(const server_info_request&) {
  return operation::server_info;
}
inline operation operation_of(const readiness_request&) {
  return operation::health;
}
inline operation operation_of(const access_request&) {
  return operation::whoami;
}
inline operation operation_of(const shutdown_request&) {
  return operation::shutdown;
}

/// What `x` asks for, for the access rules. It points into `x`.
template <class T>
access_wish access_wish_of(const T& x) {
  access_wish result{operation_of(x), key_of(x)};
  if constexpr (std::is_same_v<T, list_request>)
    result.key = x.prefix;
  // Who looks whether an owner holds a lock does not act for it.
  if constexpr (!std::is_same_v<T, check_request>)
    if (auto owner = owner_of(x); !owner.empty())
      result.owner = owner;
  return result;
}

/// Puts the identity of the client into the names of `x`: of its holder, of its lease.
/// @param identity empty: anonymous
template <class T>
void identify(T& x, std::string_view identity) {
  auto name = [identity](std::string& owner) {
    if (!identity.empty() || owner.find('\0') != std::string::npos)
      owner = holder_name(identity, owner);
  };
  if constexpr (std::is_same_v<T, lock_wish>) {
    name(x.request.owner);
    if (!x.lease.empty())
      name(x.lease);
  } else {
    if constexpr (std::is_same_v<T, lease_create_request>)
      name(x.owner);
    else if constexpr (requires { x.owner; })
      if (!x.owner.empty())
        name(x.owner);
    if constexpr (requires { x.lease; })
      if (!x.lease.empty())
        name(x.lease);
  }
}

} // namespace lockserver
