#include "net/client_actor/connector.hpp"

#include <caf/io/middleman.hpp>
#include <caf/io/middleman_actor.hpp>

#ifdef LOCKSERVER_TLS
#  include <caf/openssl/manager.hpp>
#endif

#include <set>
#include <string>
#include <utility>

namespace lockserver {

namespace {

caf::io::middleman_actor middleman_of(caf::actor_system& sys, [[maybe_unused]] bool tls) {
#ifdef LOCKSERVER_TLS
  if (tls)
    return sys.has_openssl_manager() ? sys.openssl_manager().actor_handle()
                                     : caf::io::middleman_actor{};
#endif
  return sys.has_middleman() ? sys.middleman().actor_handle() : caf::io::middleman_actor{};
}

} // namespace

connector::connector(caf::actor_config& cfg, bool tls) : connector_actor::base(cfg), tls_(tls) {
}

connector::behavior_type connector::make_behavior() {
  return {
    [this](connect_request& x) -> caf::result<caf::strong_actor_ptr> {
      auto middleman = middleman_of(system(), tls_);
      if (!middleman)
        return caf::make_error(errc::unreachable,
                               "CAF's network is not loaded: call load_client on the config "
                               "before the actor system is made, with files for TLS");
      auto promise = make_response_promise<caf::strong_actor_ptr>();
      auto where = x.host + ":" + std::to_string(x.port);
      compat::request(this, middleman, caf::connect_atom_v, std::move(x.host), x.port)
        .then(
          [promise, where](const caf::node_id&, caf::strong_actor_ptr& found,
                           const std::set<std::string>&) mutable {
            if (found)
              promise.deliver(std::move(found));
            else
              promise.deliver(
                caf::make_error(errc::unreachable, where + " is a CAF node, but no lock server"));
          },
          [this, promise, where](const caf::error& what) mutable {
            promise.deliver(caf::make_error(
              errc::unreachable, "cannot connect to " + where
                                   + " as a CAF node (server and client need the same version of "
                                     "CAF, here "
                                   + compat::version() + "): " + compat::render(system(), what)));
          });
      return promise;
    },
  };
}

} // namespace lockserver
