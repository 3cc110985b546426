#include "lockserver/client_actor.hpp"

#include "net/client_actor/caf_timers.hpp"
#include "net/client_actor/connector.hpp"
#include "net/client_actor/lock_client.hpp"
#include "net/remote/caf_modules.hpp"

#include <stdexcept>
#include <utility>

namespace lockserver {

void init_client_types() {
  caf_modules::init_types();
  compat::init_types<caf::id_block::lockserver>();
}

void load_client(caf::actor_system_config& cfg, const compat::tls_files& files) {
  compat::register_types<caf::id_block::lockserver>(cfg);
  if (auto wrong = caf_modules::load(cfg, files); !wrong.empty())
    throw std::invalid_argument{wrong};
}

client_actor spawn_client(caf::actor_system& sys, std::string host, std::uint16_t port,
                          client_actor_options options) {
  // Somewhat less, so that its answer says why, before the client gives it up.
  auto timeout = options.connect_timeout * 9 / 10;
  auto through
    = caf::actor_cast<connector_actor>(sys.spawn<connector, caf::detached>(options.tls, timeout));
  return caf::actor_cast<client_actor>(
    sys.spawn<lock_client>(lock_client::target{std::move(through), std::move(host), port},
                           std::move(options), std::make_shared<caf_timers>()));
}

} // namespace lockserver
