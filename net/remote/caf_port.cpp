#include "net/remote/caf_port.hpp"

#include "net/remote/caf_modules.hpp"

#include <caf/io/publish.hpp>

#ifdef LOCKSERVER_TLS
#  include <caf/openssl/publish.hpp>
#endif

namespace lockserver::caf_port {

bool has_tls() noexcept {
  return caf_modules::has_tls();
}

std::string prepare(caf::actor_system_config& cfg, const settings& x) {
  return caf_modules::load(cfg, {x.caf_tls_certificate, x.caf_tls_key, x.caf_tls_authority});
}

std::string publish(caf::actor_system& sys, const gateway_actor& what, const settings& x,
                    std::uint16_t& port) {
  const auto* host = x.caf_host.c_str();
  auto wanted = x.caf_port.value_or(0);
  auto result = [&]() -> caf::expected<std::uint16_t> {
#ifdef LOCKSERVER_TLS
    if (!x.caf_tls_certificate.empty())
      return caf::openssl::publish(what, wanted, host, true);
#endif
    return caf::io::publish(what, wanted, host, true);
  }();
  if (!result)
    return "cannot listen on " + x.caf_host + ":" + std::to_string(wanted)
           + " for CAF: " + compat::render(sys, result.error());
  port = *result;
  return {};
}

} // namespace lockserver::caf_port
