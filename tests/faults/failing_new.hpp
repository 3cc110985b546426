// Lets one allocation on a server's I/O threads fail, in a program that is linked
// with failing_new.cpp.
#pragma once

#include <cstdint>

namespace test {

/// What the allocation throws: what the libraries on the way of a request do.
enum class fault : std::uint8_t { bad_alloc, length_error, system_error };

/// From now on the `n`-th allocation of I/O threads throws, once. 1 is the next.
void fail_allocation(std::uint64_t n, fault what);

/// Calls it off. Returns whether it has been thrown.
bool stop_failing();

} // namespace test
