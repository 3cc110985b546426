// The commands of lockctl. Each prints its result and returns the exit status, or throws
// `failure`.
#pragma once

#include "lockserver/client_options.hpp"

#include "apps/lockctl/options.hpp"

namespace lockserver::lockctl {

/// Holds the lock while the command of `x.words` runs. @pre x has an owner
int run(const options& x);

/// The options of all clients: they try to connect once, because a person waits, or a
/// script that can try again.
client_options connection_options(const options& x);

/// Runs any command.
int perform(const options& x);

} // namespace lockserver::lockctl
