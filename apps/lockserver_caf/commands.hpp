// What the program does: one function per command. Each returns the exit
// status or throws `failure`.
#pragma once

#include "apps/lockserver_caf/options.hpp"

namespace lockserver::program {

/// Serves in the foreground until stopped.
int run(const options& x);

/// Serves in the background. Call before the process has any other thread.
int start(const options& x);

/// Stops the server of the pid file by a signal, or the one at host and port by
/// asking it to.
int stop(const options& x);

/// Asks the server of the pid file, or the one at host and port, for an answer.
int ping(const options& x);

/// Verifies a store, and says what is in it.
int check(const options& x);

} // namespace lockserver::program
