// The data that a durable store keeps. Knows neither CAF nor the store.
#pragma once

#include "lockserver/lock_mode.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace lockserver {

/// The stored form of a grant. Times are those of the steady clock, since its epoch. The
/// store converts them to times that are valid in other processes, and back. The maximum
/// means that the grant has no end of its own.
struct grant_record {
  std::uint64_t token = 0;
  std::string owner; ///< The holder's whole name, see holder_name.hpp.
  lock_mode mode = lock_mode::exclusive;
  std::uint32_t limit = 0; ///< Shared: the size of the semaphore; 0: no limit.
  std::uint64_t lease = 0;
  std::string request_id{};
  std::string metadata{};
  std::chrono::nanoseconds since{};
  std::chrono::nanoseconds expires_at{};
  std::chrono::nanoseconds ttl{}; ///< From its grant or renewal to `expires_at`.
};

/// A lease as it is stored.
struct lease_record {
  std::uint64_t id = 0;
  std::string name;
  std::string owner{}; ///< As for a grant.
  std::chrono::nanoseconds ttl{};
  std::chrono::nanoseconds expires_at{}; ///< As for a grant, too.
};

} // namespace lockserver
