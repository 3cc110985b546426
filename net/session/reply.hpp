// The answers to a client in any dialect: mostly the answers of the actors.
#pragma once

#include "actors/messages.hpp"
#include "lockserver/server.hpp"
#include "net/session/refusal.hpp"
#include "net/session/request.hpp"

#include <chrono>
#include <utility>
#include <variant>

namespace lockserver {

struct settings;

/// The answer to `server_info_request`.
struct server_info {
  const settings& config;
  counts now;
  std::chrono::steady_clock::duration uptime;
  bool with_settings = true; ///< The client may see them.
};

/// The answer to `access_request`.
struct access_info {
  const principal& who;
};

/// The answer to `readiness_request`, unless it is refused.
struct ready {};

/// A bool answers `check_request` and `shutdown_request`.
using session_reply = std::variant<acquire_reply, release_reply, bool, lock_info, list_reply,
                                   lease_reply, server_info, access_info, ready, refusal>;

namespace detail {

// Declared only.
acquire_reply answer_to(const renew_request&);
release_reply answer_to(const release_request&);
bool answer_to(const check_request&);
lock_info answer_to(const inspect_request&);
list_reply answer_to(const list_request&);
lease_reply answer_to(const lease_create_request&);
lease_reply answer_to(const lease_renew_request&);
lease_reply answer_to(const lease_inspect_request&);
lease_reply answer_to(const lease_end_request&);

} // namespace detail

/// The answer of an actor to a request that a session passes on.
template <class Request>
using reply_to = decltype(detail::answer_to(std::declval<const Request&>()));

} // namespace lockserver
