// Hashes names that clients choose. A client cannot choose many names of one bucket.
// Knows nothing of locks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lockserver {

/// The key of a `sip_hash`. Without it nobody can find collisions.
using hash_key = std::array<std::uint64_t, 2>;

/// SipHash (Aumasson and Bernstein, 2012) of `text`, as 64 bits.
/// @tparam Rounds for each 8 bytes.
/// @tparam LastRounds at the end.
template <int Rounds, int LastRounds>
std::uint64_t sip_hash(const hash_key& key, std::string_view text) noexcept;

/// For containers of names: SipHash-1-3, as in the standard libraries of Rust and
/// Ruby, with a key that is random for each process.
///
/// Not `std::hash`: its seed is fixed, so 30,000 names of one bucket can be found in
/// minutes, and each access then looks at all of them. A random seed alone does not help,
/// because names that collide in its function collide for every seed.
struct seeded_hash {
  /// Not `noexcept`: so libstdc++ stores the hash with the name, and does not compute it
  /// again for each neighbour in a bucket.
  std::size_t operator()(std::string_view text) const;
};

} // namespace lockserver
