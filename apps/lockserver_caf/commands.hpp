// The commands of the program. Each returns the exit status or throws `failure`.
#pragma once

#include "apps/lockserver_caf/options.hpp"

namespace lockserver::program {

/// Serves in the foreground until it is stopped.
int run(const options& x);

/// Serves in the background. Call before the process has any other thread.
int start(const options& x);

/// Stops a server: the one of the pid file by a signal, or the one at host and port by a
/// request.
int stop(const options& x);

/// Pings a server: the one of the pid file, or the one at host and port.
int ping(const options& x);

/// Verifies a store, and reports its content.
int check(const options& x);

/// Prints a new token and its hash.
int token(const options& x);

/// Tells whether an access file grants a right, and in which line.
int access(const options& x);

} // namespace lockserver::program
