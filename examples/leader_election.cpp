// A distributed CAF program: nodes that elect a leader with a lock. Start the
// server and two nodes, each in a terminal of its own:
//
//   ./dev.sh run -- --caf-port 8005
//   build/examples/leader_election anna 127.0.0.1 8005
//   build/examples/leader_election bert 127.0.0.1 8005
//
// One leads. End it in order (Ctrl-D): the other one leads at once. Kill it (kill -9):
// the other one leads when the lock has not been renewed for its ttl, or when the client
// has been silent for the server's session timeout, whichever is shorter. Here that takes
// at most three seconds, and there are never two leaders. (If the request's `hold` is
// `hold_mode::connection`, the other one leads at once. But then a leader that has lost
// its connection without knowing it is a second leader for that time.)
// its connection without knowing would be a second one for that time.)

#include <lockserver/client_actor.hpp>

#include <caf/all.hpp>
#include <caf/io/middleman.hpp>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <string>

namespace {

using namespace std::chrono_literals;

constexpr auto office = "office";

// How an actor asks. CAF 0.17 and CAF 1.1 differ in this line; your program needs only
// one of the two.
template <class T>
auto ask(caf::event_based_actor* self, const lockserver::client_actor& whom, T what) {
#if CAF_MAJOR_VERSION >= 1
  return self->mail(std::move(what)).request(whom, caf::infinite);
#else
  return self->request(whom, caf::infinite, std::move(what));
#endif
}

// A node that wants to lead. It must have a handler for `lock_lost`.
class candidate final : public caf::event_based_actor {
public:
  candidate(caf::actor_config& cfg, lockserver::client_actor locks, std::string who)
    : caf::event_based_actor(cfg), locks_(std::move(locks)), who_(std::move(who)) {
  }

  caf::behavior make_behavior() override {
    apply(office);
    return {
      [this](const lockserver::lock_lost& x) {
        std::cout << who_ << ": no longer leads: " << x.detail << std::endl;
        apply(x.key);
      },
    };
  }

  void on_exit() override {
    locks_ = nullptr;
  }

private:
  void apply(const std::string& what) {
    lockserver::acquire_lock request{what};
    request.ttl = 3s;
    request.wait = 10s; // then it asks again
    request.metadata = who_;
    ask(this, locks_, std::move(request))
      .then(
        [this](const lockserver::lock_grant& x) {
          // The leader should send the token with everything that it writes, so that
          // receivers can tell a late leader from the present one.
          std::cout << who_ << ": leads, token " << x.token << std::endl;
        },
        [this, what](const caf::error& why) {
          if (why != lockserver::errc::wait_timeout)
            std::cout << who_ << ": does not lead: " << lockserver::detail_of(why) << std::endl;
          // Somebody else leads, or no server could be reached for some seconds.
          if (why == lockserver::errc::wait_timeout || why == lockserver::errc::unreachable)
            apply(what);
        });
  }

  lockserver::client_actor locks_;
  std::string who_;
};

} // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "usage: leader_election NAME HOST CAF-PORT   (ends with its input)\n";
    return 64;
  }
  lockserver::init_client_types();
  caf::actor_system_config config;
  lockserver::load_client(config);
  caf::actor_system system{config};

  lockserver::client_actor_options options;
  options.name = argv[1];
  auto port = static_cast<std::uint16_t>(std::atoi(argv[3]));
  auto locks = lockserver::spawn_client(system, argv[2], port, options);
  auto me = system.spawn<candidate>(locks, argv[1]);

  std::cin.ignore(std::numeric_limits<std::streamsize>::max());

  // The client releases everything. Then the system can end.
  caf::anon_send_exit(locks, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(me, caf::exit_reason::user_shutdown);
}
