// How the program ends: its exit statuses.
#pragma once

#include "apps/failure.hpp"

namespace lockserver::program {

/// Exit statuses, after BSD's <sysexits.h>. `--help` explains them to users.
enum class exit_status : int {
  ok = 0,
  usage = 64,         ///< A wrong option, value or configuration file.
  bad_data = 65,      ///< The store that was to be checked is not sound.
  unavailable = 69,   ///< Cannot listen or use the data directory; or no server there to talk to.
  internal = 70,      ///< An error that should not happen.
  cannot_create = 73, ///< The pid file or the log file cannot be written.
  still_there = 75,   ///< The server did not end in time.
  refused = 77,       ///< The server or the system did not allow it.
};

using failure = program_failure<exit_status>;

} // namespace lockserver::program
