#include "lockserver/client_actor.hpp"

#include "net/client_actor/caf_timers.hpp"
#include "net/client_actor/connector.hpp"
#include "net/client_actor/lock_client.hpp"
#include "net/tls/caf_modules.hpp"
#include "net/tls/tls.hpp"

#include <string>
#include <utility>

namespace lockserver {

void init_client_types() {
  caf_modules::init_types();
  compat::init_types<caf::id_block::lockserver>();
}

void load_client(caf::actor_system_config& cfg) {
  compat::register_types<caf::id_block::lockserver>(cfg);
  caf_modules::load(cfg);
}

client_actor spawn_client(caf::actor_system& sys, std::string host, std::uint16_t port,
                          client_actor_options options) {
  auto interrupt = std::make_shared<interruption>();
  connector_options how;
  if (options.tls) {
    auto& files = *options.tls;
    // Throws if they cannot be used.
    [[maybe_unused]] tls_context usable{files.certificate, files.key, files.authority};
    how.tls = std::move(options.tls);
  }
  // A little less than the client's own limit, so that the connector's answer, which says
  // why, comes first.
  how.timeout = options.connect_timeout * 9 / 10;
  how.interrupt = interrupt;
  auto through
    = caf::actor_cast<connector_actor>(sys.spawn<connector, caf::detached>(std::move(how)));
  lock_client::target target{std::move(through), std::move(host), port,
                             [interrupt] { interrupt->notify(); }};
  return caf::actor_cast<client_actor>(
    sys.spawn<lock_client>(std::move(target), std::move(options), std::make_shared<caf_timers>()));
}

} // namespace lockserver
