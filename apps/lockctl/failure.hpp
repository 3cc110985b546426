// The exit statuses of lockctl, and the errors behind them.
#pragma once

#include "apps/failure.hpp"
#include "lockserver/client_error.hpp"

#include <string>
#include <system_error>

namespace lockserver::lockctl {

using namespace client;

/// Exit statuses, after BSD's <sysexits.h>. The table of outcomes (errc.hpp) has those of
/// failed calls. `--help` explains them to users.
enum class exit_status : int {
  ok = 0,
  no = 1,               ///< The answer is no: not held, or nothing to release.
  usage = 64,           ///< A wrong option or value.
  unavailable = 69,     ///< No usable server.
  lost = 70,            ///< The lock was lost while the command ran.
  output = 74,          ///< Standard output cannot be written.
  not_obtained = 75,    ///< The lock was not granted in time, or a limit of the server was reached.
  cannot_execute = 126, ///< The command is there but cannot be run.
  not_found = 127,      ///< The command is not there.
};

using failure = program_failure<exit_status>;

/// The exit status for a failed call.
exit_status status_of(std::error_code ec);

/// Makes a failure of a problem. The sentence names the holders, and is printable.
/// @param about what was tried, such as "lock 'key'".
failure failure_of(const problem& x, const std::string& about);

} // namespace lockserver::lockctl
