// The commands that talk to a running server: stop and ping.

#include "apps/lockserver_caf/commands.hpp"
#include "apps/lockserver_caf/failure.hpp"
#include "apps/lockserver_caf/pid_file.hpp"
#include "lockserver/lines_client.hpp"

#include <signal.h>

#include <cerrno>
#include <chrono>
#include <iostream>
#include <string>
#include <thread>

namespace lockserver::program {

namespace {

using namespace std::chrono_literals;

// More than the two seconds within which a server stops.
constexpr auto time_to_stop = 5s;

template <class Condition>
bool within(std::chrono::seconds time, Condition met) {
  auto end = std::chrono::steady_clock::now() + time;
  while (!met()) {
    if (std::chrono::steady_clock::now() >= end)
      return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

lines_client client_of(const std::string& host, std::uint16_t port) {
  client_options once;
  once.reconnect_attempts = 1;
  return lines_client{"lockserver-caf", host, port, once};
}

int stop_by_signal(const running_server& server) {
  auto who = "process " + std::to_string(server.pid());
  if (kill(server.pid(), SIGTERM) != 0 && errno != ESRCH)
    throw failure{exit_status::refused, "cannot stop " + who + ": " + last_error()};
  if (!within(time_to_stop, [&] { return !server.alive(); }))
    throw failure{exit_status::still_there, who + " was told to stop but is still there after 5 s"};
  std::cout << who << " has stopped\n";
  return static_cast<int>(exit_status::ok);
}

int stop_by_request(const std::string& host, std::uint16_t port) {
  auto where = endpoint(host, port);
  auto client = client_of(host, port);
  if (!client.ping())
    throw failure{exit_status::unavailable, "no server answers at " + where};
  if (!client.shutdown())
    throw failure{exit_status::refused, "the server at " + where
                                          + " refuses: it was started without --allow-shutdown; "
                                            "stop it by SIGTERM, or by its --pid-file"};
  if (!within(time_to_stop, [&] { return !client.ping(); }))
    throw failure{exit_status::still_there,
                  "the server at " + where + " agreed to stop but still answers after 5 s"};
  std::cout << "the server at " << where << " has stopped\n";
  return static_cast<int>(exit_status::ok);
}

} // namespace

int stop(const options& x) {
  if (x.pid_file.empty())
    return stop_by_request(x.server.host, x.server.port);
  return stop_by_signal(running_server{x.pid_file});
}

int ping(const options& x) {
  auto host = x.server.host;
  auto port = x.server.port;
  if (!x.pid_file.empty()) {
    running_server server{x.pid_file};
    host = server.host();
    port = server.port();
  }
  auto where = endpoint(host, port);
  if (!client_of(host, port).ping())
    throw failure{exit_status::unavailable,
                  "no server answers at " + where
                    + " without TLS; with it: lockctl ping --server https://HOST:PORT --ca FILE"};
  std::cout << "the server at " << where << " answers\n";
  return static_cast<int>(exit_status::ok);
}

} // namespace lockserver::program
