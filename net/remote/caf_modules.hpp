// CAF's network modules, as server and client actor load them.
#pragma once

#include "lockserver/caf_compat.hpp"

#include <string>

namespace lockserver::caf_modules {

/// Whether this build has CAF's OpenSSL module.
bool has_tls() noexcept;

/// Makes the modules' messages known. Call before any config is made.
void init_types();

/// Loads the middleman, and with files that are named the OpenSSL module.
/// @return what is wrong with the files, or an empty string. CAF itself would
///         end the program when the first peer connects.
std::string load(caf::actor_system_config& cfg, const compat::tls_files& files);

} // namespace lockserver::caf_modules
