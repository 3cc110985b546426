// What the actors say to each other: plain structs, so that both CAFs (and
// later other nodes) can carry them. Field names are those of the HTTP API.
#pragma once

#include "lockserver/caf_compat.hpp"

#include <cstdint>
#include <string>

namespace lockserver {

/// Asks for the lock of `key`. Answered by `acquire_reply`, once it is granted
/// or refused, at the latest when `wait` is over.
struct acquire_request {
  std::string key;
  std::string owner;
  /// Names this request, unique within the server; see `withdraw_request`.
  std::uint64_t ticket = 0;
  caf::timespan ttl{};  ///< How long the grant lasts; more than zero.
  caf::timespan wait{}; ///< How long to wait for it; zero: not at all.
};

/// Answer to `acquire_request`.
struct acquire_reply {
  /// Why a request got what it got; `status` holds one of them. (A message
  /// field of an enum type would need other code in each CAF.)
  enum : std::uint8_t {
    granted,         ///< Held from now on; the other fields are valid.
    held,            ///< Someone else holds it and `wait` was zero.
    wait_timeout,    ///< Not granted within `wait`.
    already_held,    ///< This owner holds it.
    already_waiting, ///< This owner waits for it.
    stopping,        ///< The server stops.
  };
  std::uint8_t status = held;
  std::uint64_t token = 0;     ///< Fencing token of the grant.
  std::int64_t expires_at = 0; ///< End of the grant, µs since 1970.
  caf::timespan waited{};      ///< From the request until now.
};

/// Gives the lock of `key` back. Answered by whether `owner` held it.
struct release_request {
  std::string key;
  std::string owner;
};

/// Asks whether `owner` holds the lock of `key`. Answered by a bool.
struct verify_request {
  std::string key;
  std::string owner;
};

/// Asks whether anyone holds the lock of `key`. Answered by a bool.
struct check_request {
  std::string key;
};

/// Ends the wait of an `acquire_request`, which is answered `wait_timeout`; does
/// nothing once it has been answered. No answer of its own.
struct end_wait_request {
  std::string key;
  std::uint64_t ticket = 0;
};

/// Takes an `acquire_request` back: ends its wait, or its grant if it has been
/// granted. Sent when the client is gone; a request that still waits gets no
/// answer any more. No answer.
struct withdraw_request {
  std::string key;
  std::uint64_t ticket = 0;
};

/// From a key actor to its registry: nobody holds or waits for the key, and
/// `served` requests have been worked off so far. No answer but perhaps `reap`.
struct key_idle {
  std::string key;
  std::uint64_t served = 0;
};

/// From a registry to a key actor: nothing was forwarded since you were idle,
/// and nothing will be: end.
struct reap {};

/// To an actor that set a wake-up: its time has come.
struct deadline_reached {};

/// To a registry, and from it to its key actors: refuse who waits, and end.
struct shut_down {};

template <class Inspector>
auto inspect(Inspector& f, acquire_request& x) {
  using compat::field;
  return compat::fields(f, x, "acquire_request", field("key", x.key), field("owner", x.owner),
                        field("ticket", x.ticket), field("ttl", x.ttl), field("wait", x.wait));
}

template <class Inspector>
auto inspect(Inspector& f, acquire_reply& x) {
  using compat::field;
  return compat::fields(f, x, "acquire_reply", field("status", x.status), field("token", x.token),
                        field("expires_at", x.expires_at), field("waited", x.waited));
}

template <class Inspector>
auto inspect(Inspector& f, release_request& x) {
  using compat::field;
  return compat::fields(f, x, "release_request", field("key", x.key), field("owner", x.owner));
}

template <class Inspector>
auto inspect(Inspector& f, verify_request& x) {
  using compat::field;
  return compat::fields(f, x, "verify_request", field("key", x.key), field("owner", x.owner));
}

template <class Inspector>
auto inspect(Inspector& f, check_request& x) {
  return compat::fields(f, x, "check_request", compat::field("key", x.key));
}

template <class Inspector>
auto inspect(Inspector& f, end_wait_request& x) {
  using compat::field;
  return compat::fields(f, x, "end_wait_request", field("key", x.key), field("ticket", x.ticket));
}

template <class Inspector>
auto inspect(Inspector& f, withdraw_request& x) {
  using compat::field;
  return compat::fields(f, x, "withdraw_request", field("key", x.key), field("ticket", x.ticket));
}

template <class Inspector>
auto inspect(Inspector& f, key_idle& x) {
  using compat::field;
  return compat::fields(f, x, "key_idle", field("key", x.key), field("served", x.served));
}

template <class Inspector>
auto inspect(Inspector& f, reap& x) {
  return compat::fields(f, x, "reap");
}

template <class Inspector>
auto inspect(Inspector& f, deadline_reached& x) {
  return compat::fields(f, x, "deadline_reached");
}

template <class Inspector>
auto inspect(Inspector& f, shut_down& x) {
  return compat::fields(f, x, "shut_down");
}

} // namespace lockserver

CAF_BEGIN_TYPE_ID_BLOCK(lockserver, caf::first_custom_type_id)
  CAF_ADD_TYPE_ID(lockserver, (lockserver::acquire_request))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::acquire_reply))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::release_request))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::verify_request))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::check_request))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::end_wait_request))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::withdraw_request))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::key_idle))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::reap))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::deadline_reached))
  CAF_ADD_TYPE_ID(lockserver, (lockserver::shut_down))
CAF_END_TYPE_ID_BLOCK(lockserver)
