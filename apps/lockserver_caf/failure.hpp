// The exit statuses of the program.
#pragma once

#include "apps/failure.hpp"

namespace lockserver::program {

/// Exit statuses, after BSD's <sysexits.h>. `--help` explains them to users.
enum class exit_status : int {
  ok = 0,
  no = 1,             ///< The access file does not allow it.
  usage = 64,         ///< A wrong option, value, configuration file or access file.
  bad_data = 65,      ///< The checked store is damaged, or is not one of this program.
  unavailable = 69,   ///< Cannot listen or use the data directory; or no server answers.
  internal = 70,      ///< An error that should not happen.
  cannot_create = 73, ///< The pid file or the log file cannot be written.
  still_there = 75,   ///< The server did not end in time.
  refused = 77,       ///< The server or the system did not allow it.
};

using failure = program_failure<exit_status>;

} // namespace lockserver::program
