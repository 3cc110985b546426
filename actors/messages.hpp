// What the actors of one server say to each other. None of it can leave the process:
// what crosses from node to node is in lockserver/detail/wire_types.hpp, and some of
// that is said here, too. Field names are those of the HTTP API.
#pragma once

#include "actors/rules/lock_queue.hpp"
#include "actors/timers/timers.hpp"
#include "lockserver/detail/wire_types.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace lockserver {

// -- locks --------------------------------------------------------------------

/// Asks for the lock of `key`. Answered by `acquire_reply`, once it is granted
/// or refused, at the latest when `wait` is over.
struct acquire_request : lock_request {
  std::string key{};
  bool explain = false; ///< A refusal is to name the holders.
  /// While it waits, nothing else can be asked on its connection.
  bool takes_connection = false;
};

// -- lists --------------------------------------------------------------------

/// Answer of a registry to `list_request`, in byte order.
struct key_names {
  std::vector<std::string> names;
};

// -- leases -------------------------------------------------------------------

/// An `acquire_request` whose grant lives and ends with a lease. Answered by
/// `acquire_reply`.
struct lease_acquire_request {
  std::string lease;
  acquire_request request;
};

/// To the leases, from a key or, with a durable store, from the journal: a grant with
/// this lease has ended, and not by the lease's end.
struct lease_released {
  std::uint64_t lease = 0;
  std::string key;
  std::uint64_t token = 0;
};

/// From the leases to a key: release all grants with this lease and refuse who
/// waits with it (`lease_expired`). Answered, by nothing, when that is done.
struct lease_ended {
  std::string key;
  std::uint64_t lease = 0;
};

// -- lives of actors ----------------------------------------------------------

/// From a key actor to its registry: nobody holds or waits for the key, and
/// `served` requests have been worked off so far. No answer but perhaps
/// `shut_down`.
struct key_idle {
  /// As `served`: it has ended by itself, which is a fault.
  static constexpr auto has_ended = std::numeric_limits<std::uint64_t>::max();

  std::string key;
  std::uint64_t served = 0;
};

} // namespace lockserver
