// The part of a server that is responsible for a key. Knows nothing of the parts.
#pragma once

#include "actors/rules/seeded_hash.hpp"

#include <cstddef>
#include <string_view>

namespace lockserver {

/// The number of parts of the keys. Each part has its own registry. The number does not
/// depend on the number of threads, so a key is always in the same part. It is large,
/// because one thread at a time runs a registry, and busy threads should seldom need the
/// same registry. It is not larger, because a list asks all parts.
inline constexpr std::size_t key_partitions = 64;

/// The part of a key: SipHash-1-3 with the key 0, modulo the number of parts. Unlike
/// `seeded_hash`, it is the same in every process, on every machine and with every
/// standard library. A client that chooses names of one part makes one registry busy, but
/// no table slow.
inline std::size_t partition_of(std::string_view key) noexcept {
  return sip_hash<1, 3>({0, 0}, key) % key_partitions;
}

} // namespace lockserver
