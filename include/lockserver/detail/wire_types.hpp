// The messages that cross from one node to another: how CAF reads and writes them, and
// their numbers. A peer of another version may read them. So three rules hold once they
// are released:
//
// - No message changes. A new version of a message is a new type.
// - New types come at the end of the block. CAF 1.1 writes their numbers, and the numbers
//   of a program's own types follow.
// - Nobody sends a new message unless the hello has shown that the other side knows it,
//   see `session_hello`.
#pragma once

#include "lockserver/client_messages.hpp"
#include "lockserver/detail/local_messages.hpp"
#include "lockserver/detail/session_messages.hpp"

namespace lockserver {

LOCKSERVER_WIRE_ENUM(lock_mode)
LOCKSERVER_WIRE_ENUM(hold_mode)
LOCKSERVER_WIRE_ENUM(loss_reason)
LOCKSERVER_WIRE_ENUM(withdrawal)

template <class Inspector>
auto inspect(Inspector& f, acquire_lock& x) {
  using compat::field;
  return compat::fields(f, x, "acquire_lock", field("key", x.key), field("owner", x.owner),
                        field("ttl", x.ttl), field("wait", x.wait), field("mode", x.mode),
                        field("limit", x.limit), field("request_id", x.request_id),
                        field("lease", x.lease), field("hold", x.hold),
                        field("metadata", x.metadata));
}

template <class Inspector>
auto inspect(Inspector& f, lock_grant& x) {
  using compat::field;
  return compat::fields(f, x, "lock_grant", field("key", x.key), field("owner", x.owner),
                        field("mode", x.mode), field("token", x.token), field("ttl", x.ttl),
                        field("expires_at", x.expires_at), field("waited", x.waited));
}

template <class Inspector>
auto inspect(Inspector& f, cancel_wait& x) {
  using compat::field;
  return compat::fields(f, x, "cancel_wait", field("key", x.key));
}

template <class Inspector>
auto inspect(Inspector& f, renew_request& x) {
  using compat::field;
  return compat::fields(f, x, "renew_request", field("key", x.key), field("owner", x.owner),
                        field("token", x.token), field("ttl", x.ttl));
}

template <class Inspector>
auto inspect(Inspector& f, release_request& x) {
  using compat::field;
  return compat::fields(f, x, "release_request", field("key", x.key), field("owner", x.owner),
                        field("token", x.token), field("force", x.force));
}

template <class Inspector>
auto inspect(Inspector& f, verify_lock& x) {
  using compat::field;
  return compat::fields(f, x, "verify_lock", field("key", x.key), field("owner", x.owner));
}

template <class Inspector>
auto inspect(Inspector& f, check_request& x) {
  using compat::field;
  return compat::fields(f, x, "check_request", field("key", x.key), field("owner", x.owner));
}

template <class Inspector>
auto inspect(Inspector& f, inspect_request& x) {
  using compat::field;
  return compat::fields(f, x, "inspect_request", field("key", x.key),
                        field("with_queue", x.with_queue));
}

template <class Inspector>
auto inspect(Inspector& f, holder_info& x) {
  using compat::field;
  return compat::fields(f, x, "holder_info", field("owner", x.owner), field("mode", x.mode),
                        field("token", x.token), field("ttl", x.ttl), field("held", x.held),
                        field("metadata", x.metadata));
}

template <class Inspector>
auto inspect(Inspector& f, waiter_info& x) {
  using compat::field;
  return compat::fields(f, x, "waiter_info", field("owner", x.owner), field("mode", x.mode),
                        field("waiting", x.waiting));
}

template <class Inspector>
auto inspect(Inspector& f, lock_info& x) {
  using compat::field;
  return compat::fields(f, x, "lock_info", field("key", x.key), field("holders", x.holders),
                        field("queue", x.queue), field("queue_length", x.queue_length),
                        field("limit", x.limit), field("holder_count", x.holder_count));
}

template <class Inspector>
auto inspect(Inspector& f, lock_lost& x) {
  using compat::field;
  return compat::fields(f, x, "lock_lost", field("key", x.key), field("owner", x.owner),
                        field("token", x.token), field("reason", x.reason),
                        field("detail", x.detail));
}

template <class Inspector>
auto inspect(Inspector& f, list_request& x) {
  using compat::field;
  return compat::fields(f, x, "list_request", field("prefix", x.prefix), field("after", x.after),
                        field("limit", x.limit));
}

template <class Inspector>
auto inspect(Inspector& f, list_reply& x) {
  using compat::field;
  return compat::fields(f, x, "list_reply", field("locks", x.locks), field("next", x.next));
}

template <class Inspector>
auto inspect(Inspector& f, lease_create_request& x) {
  using compat::field;
  return compat::fields(f, x, "lease_create_request", field("owner", x.owner), field("ttl", x.ttl));
}

template <class Inspector>
auto inspect(Inspector& f, lease_renew_request& x) {
  using compat::field;
  return compat::fields(f, x, "lease_renew_request", field("lease", x.lease));
}

template <class Inspector>
auto inspect(Inspector& f, lease_inspect_request& x) {
  using compat::field;
  return compat::fields(f, x, "lease_inspect_request", field("lease", x.lease),
                        field("after", x.after), field("limit", x.limit));
}

template <class Inspector>
auto inspect(Inspector& f, lease_end_request& x) {
  using compat::field;
  return compat::fields(f, x, "lease_end_request", field("lease", x.lease));
}

template <class Inspector>
auto inspect(Inspector& f, lease_lock& x) {
  using compat::field;
  return compat::fields(f, x, "lease_lock", field("key", x.key), field("token", x.token));
}

template <class Inspector>
auto inspect(Inspector& f, lease_reply& x) {
  using compat::field;
  return compat::fields(f, x, "lease_reply", field("status", x.status), field("lease", x.lease),
                        field("ttl", x.ttl), field("with_locks", x.with_locks),
                        field("locks", x.locks), field("next", x.next));
}

template <class Inspector>
auto inspect(Inspector& f, shut_down& x) {
  return compat::fields(f, x, "shut_down");
}

template <class Inspector>
auto inspect(Inspector& f, session_hello& x) {
  using compat::field;
  return compat::fields(f, x, "session_hello", field("protocol", x.protocol),
                        field("name", x.name));
}

template <class Inspector>
auto inspect(Inspector& f, session_welcome& x) {
  using compat::field;
  return compat::fields(f, x, "session_welcome", field("session", x.session),
                        field("timeout", x.timeout), field("protocol", x.protocol));
}

template <class Inspector>
auto inspect(Inspector& f, keep_alive& x) {
  return compat::fields(f, x, "keep_alive");
}

template <class Inspector>
auto inspect(Inspector& f, session_acquire& x) {
  using compat::field;
  return compat::fields(f, x, "session_acquire", field("ticket", x.ticket),
                        field("request", x.request));
}

template <class Inspector>
auto inspect(Inspector& f, acquire_reply& x) {
  using compat::field;
  return compat::fields(f, x, "acquire_reply", field("status", x.status), field("token", x.token),
                        field("expires_at", x.expires_at), field("waited", x.waited),
                        field("ttl", x.ttl), field("mode", x.mode), field("limit", x.limit),
                        field("holders", x.holders), field("holder_count", x.holder_count),
                        field("queue_length", x.queue_length));
}

template <class Inspector>
auto inspect(Inspector& f, release_reply& x) {
  using compat::field;
  return compat::fields(f, x, "release_reply", field("status", x.status),
                        field("holders", x.holders), field("holder_count", x.holder_count));
}

template <class Inspector>
auto inspect(Inspector& f, withdraw_request& x) {
  using compat::field;
  return compat::fields(f, x, "withdraw_request", field("key", x.key), field("ticket", x.ticket),
                        field("what", x.what));
}

} // namespace lockserver

CAF_BEGIN_TYPE_ID_BLOCK(lockserver, caf::first_custom_type_id)
  CAF_ADD_TYPE_ID(lockserver, (lockserver::deadline_reached))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::connect_request))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::errc))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::acquire_lock))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::lock_grant))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::cancel_wait))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::renew_request))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::release_request))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::verify_lock))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::check_request))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::inspect_request))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::holder_info))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::waiter_info))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::lock_info))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::lock_lost))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::list_request))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::list_reply))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::lease_create_request))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::lease_renew_request))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::lease_inspect_request))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::lease_end_request))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::lease_lock))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::lease_reply))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::shut_down))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::session_hello))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::session_welcome))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::keep_alive))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::session_acquire))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::acquire_reply))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::release_reply))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::withdraw_request))
CAF_END_TYPE_ID_BLOCK(lockserver)
