// A user's program: what an installed client actor must be able to do. There is
// no server, so the client must say that.
#include <lockserver/client_actor.hpp>

#include <chrono>

int main() {
  lockserver::init_client_types();
  caf::actor_system_config config;
  lockserver::load_client(config);
  caf::actor_system system{config};
  lockserver::client_actor_options options;
  options.request_timeout = std::chrono::milliseconds{200};
  auto locks = lockserver::spawn_client(system, "127.0.0.1", 1, options);
  auto unreachable = false;
  {
    caf::scoped_actor self{system};
    lockserver::compat::request(self.ptr(), locks, lockserver::check_request{"k"})
      .receive([](bool) {},
               [&](const caf::error& why) { unreachable = why == lockserver::errc::unreachable; });
  }
  lockserver::compat::anon_send(locks, lockserver::shut_down{});
  return unreachable ? 0 : 1;
}
