#include "net/caf/caf_port.hpp"

#include "actors/compat/messaging.hpp"
#include "net/caf/guarded_port.hpp"

#include <optional>
#include <stdexcept>

namespace lockserver::caf_port {

std::string publish(caf::actor_system& sys, const gateway_actor& what, const settings& x,
                    std::shared_ptr<reachable_actors> reachable, spdlog::logger& log,
                    std::uint16_t& port) {
  std::optional<tls_context> tls;
  try {
    if (!x.caf_tls_certificate.empty())
      tls.emplace(x.caf_tls_certificate, x.caf_tls_key, x.caf_tls_authority);
  } catch (const std::invalid_argument& e) {
    return std::string{"TLS for CAF programs: "} + e.what();
  }
  auto wanted = x.caf_port.value_or(0);
  auto result = publish_guarded(sys, what, wanted, x.caf_host.c_str(),
                                {x.max_connections, x.caf_session_timeout}, std::move(tls),
                                std::move(reachable), log);
  if (!result)
    return "cannot listen on " + x.caf_host + ":" + std::to_string(wanted)
           + " for CAF: " + compat::render(sys, result.error());
  port = *result;
  return {};
}

} // namespace lockserver::caf_port
