// Grants as they are stored, and back. Knows no actors.
#pragma once

#include "actors/rules/lock_queue.hpp"
#include "actors/rules/stored.hpp"

#include <cstdint>

namespace lockserver {

/// What to store of a grant.
/// @param now where its ttl counts from, if it has just been granted or renewed.
grant_record record_of(const grant& x, std::uint32_t limit, time_point now);

/// The grant that was stored: acknowledged, since nobody knows who relies on it.
grant grant_of(grant_record&& x);

} // namespace lockserver
