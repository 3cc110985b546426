// How the holders of a lock share it. Knows neither CAF nor HTTP.
#pragma once

#include <cstdint>

namespace lockserver {

/// How a grant shares its lock with others.
enum class lock_mode : std::uint8_t {
  exclusive, ///< With nobody.
  shared,    ///< With others that are shared.
};

} // namespace lockserver
