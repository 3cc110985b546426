// A program with a client actor that a test tells what to do, line by line:
//
//   caf_test_node PORT NAME            (the server's; named "client": that of a client
//                                      actor on another node, which it asks instead)
//   acquire KEY TTL-MS WAIT-MS [HOLD]  (session, connection or ttl)
//                                      -> granted KEY TOKEN | refused KEY ERRC
//   release KEY                        -> released KEY | refused KEY ERRC
//   verify KEY                         -> verified KEY 0|1
// and what it says without being asked: lost KEY TOKEN REASON. The end of its
// input ends it in order.
#include "tests/support/caf_node.hpp"

#include <caf/io/all.hpp>

#include <cstdlib>
#include <iostream>
#include <mutex>
#include <sstream>

namespace {

using namespace lockserver;

// From any thread, line by line.
template <class... Ts>
void say(const Ts&... xs) {
  static std::mutex mutex;
  std::lock_guard guard{mutex};
  ((std::cout << xs << ' '), ...) << std::endl;
}

// As an actor of a user's program: it is told of losses.
class user final : public caf::event_based_actor {
public:
  user(caf::actor_config& cfg, client_actor locks)
    : caf::event_based_actor(cfg), locks_(std::move(locks)) {
  }

  caf::behavior make_behavior() override {
    return {
      [this](const std::string& line) { obey(line); },
      [](const lock_lost& x) { say("lost", x.key, x.token, int{static_cast<int>(x.reason)}); },
    };
  }

  void on_exit() override {
    locks_ = nullptr;
  }

private:
  void obey(const std::string& line) {
    std::istringstream words{line};
    std::string what;
    std::string key;
    words >> what >> key;
    auto refused = [key](const caf::error& x) {
      say("refused", key, to_string(static_cast<errc>(x.code())));
    };
    if (what == "acquire") {
      long ttl = 0;
      long wait = 0;
      std::string hold;
      words >> ttl >> wait >> hold;
      acquire_lock x{key};
      x.ttl = std::chrono::milliseconds{ttl};
      x.wait = std::chrono::milliseconds{wait};
      if (hold == "ttl")
        x.hold = hold_mode::ttl;
      else if (hold == "connection")
        x.hold = hold_mode::connection;
      compat::request(this, locks_, std::move(x))
        .then([](const lock_grant& y) { say("granted", y.key, y.token); }, refused);
    } else if (what == "release") {
      compat::request(this, locks_, release_request{key, {}})
        .then([key](bool) { say("released", key); }, refused);
    } else if (what == "verify") {
      compat::request(this, locks_, verify_lock{key})
        .then([key](bool x) { say("verified", key, x); }, refused);
    }
  }

  client_actor locks_;
};

} // namespace

int main(int argc, char** argv) {
  if (argc != 3)
    return 64;
  auto port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  client_actor_options options;
  options.name = argv[2];
  auto elsewhere = options.name == "client";
  test::caf_node node{elsewhere ? std::uint16_t{1} : port, options};
  auto locks = node.locks;
  if (elsewhere) {
    auto found = caf::io::remote_actor<client_actor>(*node.system, "127.0.0.1", port);
    if (!found)
      return 69;
    locks = *found;
  }
  auto me = node.system->spawn<user>(std::move(locks));
  for (std::string line; std::getline(std::cin, line);)
    compat::anon_send(me, line);
  caf::anon_send_exit(me, caf::exit_reason::user_shutdown);
}
