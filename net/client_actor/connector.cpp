#include "net/client_actor/connector.hpp"

#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/middleman_actor.hpp>
#include <caf/io/network/multiplexer.hpp>

#ifdef LOCKSERVER_TLS
#  include <caf/openssl/manager.hpp>
#endif

#include <set>
#include <string>
#include <utility>

namespace lockserver {

namespace {

caf::error not_loaded() {
  return caf::make_error(errc::unreachable,
                         "CAF's network is not loaded: call load_client on the config before the "
                         "actor system is made, with files for TLS");
}

} // namespace

connector::connector(caf::actor_config& cfg, bool tls, std::chrono::nanoseconds timeout)
  : connector_actor::base(cfg), tls_(tls), timeout_(timeout) {
}

connector::behavior_type connector::make_behavior() {
  return {
    [this](connect_request& x) { return connect(x); },
  };
}

void connector::on_exit() {
  unanswered_.shut_down();
}

caf::result<caf::strong_actor_ptr> connector::connect(connect_request& x) {
  // Who asks again has given up what came before: so there is one at a time.
  unanswered_.shut_down();
  unanswered_ = {};
  if (!system().has_middleman())
    return not_loaded();
  auto where = x.host + ":" + std::to_string(x.port);
  std::string problem;
  auto socket = reach(x.host, x.port, timeout_, problem);
  if (!socket)
    return caf::make_error(errc::unreachable, "cannot connect to " + where + ": " + problem);
#ifdef LOCKSERVER_TLS
  // CAF connects again: it alone has TLS.
  if (tls_ && system().has_openssl_manager())
    return ask(system().openssl_manager().actor_handle(), where, std::move(x.host), x.port);
#endif
  if (tls_)
    return not_loaded();
  unanswered_ = socket.duplicate();
  auto& middleman = system().middleman();
  auto connection = middleman.backend().new_scribe(socket.release());
  return ask(middleman.named_broker<caf::io::basp_broker>(compat::basp_broker_name()), where,
             std::move(connection), x.port);
}

template <class Handle, class... Ts>
caf::result<caf::strong_actor_ptr>
connector::ask(const Handle& whom, const std::string& where, Ts&&... xs) {
  auto promise = make_response_promise<caf::strong_actor_ptr>();
  compat::request(this, whom, caf::connect_atom_v, std::forward<Ts>(xs)...)
    .then(
      [this, promise, where](const caf::node_id&, caf::strong_actor_ptr& found,
                             const std::set<std::string>&) mutable {
        unanswered_ = {};
        if (found)
          promise.deliver(std::move(found));
        else
          promise.deliver(
            caf::make_error(errc::unreachable, where + " is a CAF node, but no lock server"));
      },
      [this, promise, where](const caf::error& what) mutable {
        promise.deliver(caf::make_error(
          errc::unreachable, "cannot connect to " + where
                               + " as a CAF node (server and client need the same version of CAF, "
                                 "here "
                               + compat::version() + "): " + compat::render(system(), what)));
      });
  return promise;
}

} // namespace lockserver
