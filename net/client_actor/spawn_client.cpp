#include "lockserver/client_actor.hpp"

#include "net/client_actor/caf_timers.hpp"
#include "net/client_actor/connector.hpp"
#include "net/client_actor/lock_client.hpp"
#include "net/tls/caf_modules.hpp"
#include "net/tls/tls.hpp"

#include <caf/settings.hpp>

#include <optional>
#include <string>
#include <utility>

namespace lockserver {

namespace {

// Where the names of the files wait in a config for `spawn_client`.
std::string setting(const char* what) {
  return std::string{"lockserver-caf.tls."} + what;
}

std::optional<tls_files> files_in(const caf::actor_system_config& cfg) {
  auto text = [&](const char* what) {
    auto x = caf::get_if<std::string>(&cfg.content, setting(what));
    return x ? *x : std::string{};
  };
  tls_files result{text("certificate"), text("key"), text("authority")};
  if (result.certificate.empty())
    return std::nullopt;
  return result;
}

} // namespace

void init_client_types() {
  caf_modules::init_types();
  compat::init_types<caf::id_block::lockserver, caf::id_block::lockserver_timers,
                     caf::id_block::lockserver_connector>();
}

void load_client(caf::actor_system_config& cfg, const tls_files& files) {
  compat::register_types<caf::id_block::lockserver>(cfg);
  caf_modules::load(cfg);
  if (files.certificate.empty() && files.key.empty() && files.authority.empty())
    return;
  // Throws if they cannot be used.
  [[maybe_unused]] tls_context usable{files.certificate, files.key, files.authority};
  caf::put(cfg.content, setting("certificate"), files.certificate);
  caf::put(cfg.content, setting("key"), files.key);
  caf::put(cfg.content, setting("authority"), files.authority);
}

client_actor spawn_client(caf::actor_system& sys, std::string host, std::uint16_t port,
                          client_actor_options options) {
  auto interrupt = std::make_shared<interruption>();
  connector_options how;
  how.tls = options.tls;
  how.files = files_in(sys.config());
  // Somewhat less, so that its answer says why, before the client gives it up.
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
