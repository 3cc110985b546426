// A process full of workers, which can be killed with all its connections.
#pragma once

#include "tests/reliability/child.hpp"

#include <cstdint>
#include <string>

namespace reliability {

struct client_plan {
  std::string kind = "http";
  std::string name{};    ///< Begins the names of all its owners.
  std::string journal{}; ///< A file of its own.
  std::uint16_t port = 0;
  std::uint64_t seed = 0;
  unsigned threads = 1;
};

/// Starts this program again, as a client.
child start_clients(const client_plan& x, const std::string& output);

/// What such a process does: works until it is told to end. Returns its exit
/// status.
int run_clients(const client_plan& x);

} // namespace reliability
