// Which part of a server is responsible for a key. Knows nothing of the parts.
#pragma once

#include "actors/rules/seeded_hash.hpp"

#include <cstddef>
#include <string_view>

namespace lockserver {

/// Parts of the keys, each with a registry of its own. Fixed, whatever the number of
/// threads: a key is always in the same part. So many, because a registry that has work
/// has it done by one thread: several busy threads should seldom want the same one. No
/// more, because a list asks all of them.
inline constexpr std::size_t key_partitions = 64;

/// The part of a key: SipHash-1-3 with the key 0, modulo the number of parts. The same
/// in every process, on every machine and with every standard library, unlike
/// `seeded_hash`. Who chooses names that are all in one part makes one registry busy,
/// and no table slow.
inline std::size_t partition_of(std::string_view key) noexcept {
  return sip_hash<1, 3>({0, 0}, key) % key_partitions;
}

} // namespace lockserver
