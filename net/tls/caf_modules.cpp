#include "net/tls/caf_modules.hpp"

#include <caf/io/middleman.hpp>

namespace lockserver::caf_modules {

void init_types() {
  compat::init_module_types<caf::io::middleman>();
}

void load(caf::actor_system_config& cfg) {
  cfg.load<caf::io::middleman>();
}

} // namespace lockserver::caf_modules
