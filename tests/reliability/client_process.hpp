// A process full of workers, which can be killed with all its connections.
#pragma once

#include "tests/reliability/child.hpp"
#include "tests/reliability/lock_client.hpp"

#include <cstdint>
#include <string>

namespace reliability {

struct client_plan {
  std::string kind = "http";
  std::string name{};    ///< The prefix of the names of all its owners.
  std::string journal{}; ///< A file of its own.
  server_ports ports{};
  std::uint64_t seed = 0;
  unsigned threads = 1;
};

/// Starts this program again, as a client process.
child start_clients(const client_plan& x, const std::string& output);

/// The main function of a client process: works until it is asked to end. Then it ends
/// without releasing anything.
[[noreturn]] void run_clients(const client_plan& x);

} // namespace reliability
