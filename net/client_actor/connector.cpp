#include "net/client_actor/connector.hpp"

#include "lockserver/caf_error.hpp"
#include "net/tls/basp_connection.hpp"
#include "net/tls/tls.hpp"

#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>

#include <set>
#include <stdexcept>
#include <utility>

namespace lockserver {

namespace {

// A connection counts as lost if nothing arrives for this long: the server's default
// (`caf_session_timeout`).
constexpr std::chrono::milliseconds silence = std::chrono::seconds{10};

caf::error unreachable(std::string why) {
  return caf::make_error(errc::unreachable, std::move(why));
}

} // namespace

connector::connector(caf::actor_config& cfg, connector_options options)
  : connector_actor::base(cfg), options_(std::move(options)) {
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
  // Whoever asks again has given up the earlier attempt. So there is one at a time.
  unanswered_.shut_down();
  unanswered_ = {};
  if (!system().has_middleman())
    return unreachable("CAF's network is not loaded: call load_client on the config before the "
                       "actor system is made");
  auto where = x.host + ":" + std::to_string(x.port);
  std::string problem;
  auto socket = reach(x.host, x.port, options_.timeout, *options_.interrupt, problem);
  if (!socket)
    return unreachable("cannot connect to " + where + ": " + problem);
  limit_silence(socket.get(), silence);
  std::optional<tls_session> tls;
  try {
    if (options_.tls)
      tls.emplace(tls_context{options_.tls->certificate, options_.tls->key,
                              options_.tls->authority},
                  socket.get(), tls_role::client);
  } catch (const std::invalid_argument& e) {
    return unreachable(e.what());
  }
  unanswered_ = socket.duplicate();
  auto attempt = ++attempt_;
  auto answered = [this, attempt] {
    if (attempt == attempt_)
      unanswered_ = {};
  };
  caf::io::scribe_ptr connection = caf::make_counted<basp_connection>(
    basp_connection::multiplexer_of(system()), socket.release(), std::move(tls));
  auto promise = make_response_promise<caf::strong_actor_ptr>();
  auto& middleman = system().middleman();
  compat::request(this, middleman.named_broker<caf::io::basp_broker>(compat::basp_broker_name()),
                  caf::connect_atom_v, std::move(connection), x.port)
    .then(
      [promise, where, answered](const caf::node_id&, caf::strong_actor_ptr& found,
                                 const std::set<std::string>&) mutable {
        answered();
        if (found)
          promise.deliver(std::move(found));
        else
          promise.deliver(unreachable(where + " is a CAF node, but no lock server"));
      },
      [this, promise, where, answered](const caf::error& what) mutable {
        answered();
        promise.deliver(unreachable("cannot connect to " + where
                                    + " as a CAF node (server and client need the same version of "
                                      "CAF, here "
                                    + compat::version() + ", and both TLS or neither): "
                                    + compat::render(system(), what)));
      });
  return promise;
}

} // namespace lockserver
