// The commands of lockctl. Each prints its result and returns the exit status;
// throws `failure` for what goes wrong.
#pragma once

#include "lockserver/client_options.hpp"

#include "apps/lockctl/options.hpp"

namespace lockserver::lockctl {

/// Holds the lock while the command of `x.words` runs.
int run(const options& x);

/// How all of them connect: once, because somebody sits before it, or a script
/// that can try again.
client_options impatient();

/// All other commands.
int perform(const options& x);

} // namespace lockserver::lockctl
