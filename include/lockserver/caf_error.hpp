// Makes `errc` a code of `caf::error`. With such errors the client actor says why a
// request failed.
#pragma once

#include "lockserver/detail/caf.hpp"
#include "lockserver/errc.hpp"

#include <string>

namespace lockserver {

/// The sentence that came with an error: what was wrong, what would be right, or who
/// holds the lock. Never empty.
std::string detail_of(const caf::error& x);

} // namespace lockserver

LOCKSERVER_ERROR_CODE_ENUM(lockserver::errc)
