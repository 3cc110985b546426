// Names that nobody can guess.
#pragma once

#include <random>
#include <string>

namespace lockserver {

/// 128 random bits in hex. They come from the system and not from a seeded generator, so
/// nobody can guess them, and no two are the same.
inline std::string random_name() {
  std::random_device random;
  std::string result;
  while (result.size() < 32)
    for (auto bits = random(), i = 0u; i < 8; ++i, bits >>= 4)
      result += "0123456789abcdef"[bits & 15];
  return result;
}

} // namespace lockserver
