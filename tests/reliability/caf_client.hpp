// The client actor as a client of the torture test. Separate from lock_client.hpp, so
// that only one file knows CAF.
#pragma once

#include "tests/reliability/lock_client.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace reliability {

/// @param port the server's `--caf-port`.
std::unique_ptr<lock_client> make_caf_client(const std::string& owner, std::uint16_t port);

} // namespace reliability
