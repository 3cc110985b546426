// Grants as they are stored, and back. Knows no actors.
#pragma once

#include "actors/rules/lock_queue.hpp"
#include "actors/rules/stored.hpp"

#include <cstdint>
#include <vector>

namespace lockserver {

/// What to store of a grant.
/// @param now where its ttl counts from, if it has just been granted or renewed.
grant_record record_of(const grant& x, std::uint32_t limit, time_point now);

/// The same of all holders of a lock.
std::vector<grant_record> records_of(const lock_queue& x, time_point now);

/// The grant that was stored, or that was there before a change that failed.
grant grant_of(grant_record&& x);

} // namespace lockserver
