// Converts grants to and from their stored form. Knows no actors.
#pragma once

#include "actors/rules/lock_queue.hpp"
#include "actors/rules/stored.hpp"

#include <cstdint>

namespace lockserver {

/// The stored form of a grant.
/// @param now the start of its ttl, if it has just been granted or renewed.
grant_record record_of(const grant& x, std::uint32_t limit, time_point now);

/// The grant of a stored record. It is acknowledged, since nobody knows who relies on it.
grant grant_of(grant_record&& x);

} // namespace lockserver
