// A user's program: what an installed client actor must be able to do, with CAF's own
// means only. There is no server, so the client must say that.
#include <lockserver/client_actor.hpp>

#include <caf/exec_main.hpp>
#include <caf/function_view.hpp>
#include <caf/io/middleman.hpp>

#include <chrono>
#include <cstdlib>

void caf_main(caf::actor_system& system) {
  lockserver::client_actor_options options;
  options.request_timeout = std::chrono::milliseconds{200};
  auto locks = lockserver::spawn_client(system, "127.0.0.1", 1, options);
  auto ask = caf::make_function_view(locks);
  auto held = ask(lockserver::check_request{"k"});
  caf::anon_send_exit(locks, caf::exit_reason::user_shutdown);
  if (held || held.error() != lockserver::errc::unreachable)
    std::exit(1);
}

CAF_MAIN(caf::id_block::lockserver, caf::io::middleman)
