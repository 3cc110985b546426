// How lockctl ends: its exit statuses, and what leads to them.
#pragma once

#include "apps/failure.hpp"
#include "lockserver/client_error.hpp"

#include <string>
#include <system_error>

namespace lockserver::lockctl {

using namespace client;

/// Exit statuses, after BSD's <sysexits.h>; those of failed calls stand in the table
/// of outcomes (errc.hpp). `--help` explains them to users.
enum class exit_status : int {
  ok = 0,
  no = 1,               ///< The answer is no: not held, nothing to release.
  usage = 64,           ///< A wrong option or value.
  unavailable = 69,     ///< No server there, or it does not answer as one.
  lost = 70,            ///< The lock was lost while the command ran.
  output = 74,          ///< Standard output cannot be written.
  not_obtained = 75,    ///< Somebody else held the lock for too long.
  cannot_execute = 126, ///< The command is there but cannot be run.
  not_found = 127,      ///< The command is not there.
};

using failure = program_failure<exit_status>;

/// The exit status for a call that came to nothing.
exit_status status_of(std::error_code ec);

/// The problem as a failure; the holders are named in the sentence, which is
/// printable.
/// @param about what was tried, such as "lock 'key'".
failure failure_of(const problem& x, const std::string& about);

} // namespace lockserver::lockctl
