// A program that brings its own lock server, for instance a test, or a service
// whose parts on other machines need locks and should need nothing else.
#include <lockserver/scoped_lock.hpp>
#include <lockserver/server.hpp>

#include <chrono>
#include <iostream>

int main() {
  using namespace std::chrono_literals;
  lockserver::settings config;
  config.port = 0; // any free port, so that several may run on one machine
  config.lock_timeout = 10s;
  lockserver::server server{config};
  if (auto error = server.start()) {
    std::cerr << "cannot serve: " << error.message() << '\n';
    return 1;
  }
  std::cout << "serving on port " << server.port() << '\n';

  // The name says who holds a lock. Programs elsewhere use
  // `rest_client{"name", host, port}` instead; it is the same class.
  auto client = server.client("me");
  lockserver::scoped_lock guard{client, "nightly-report"};
  if (!guard) {
    std::cerr << "no lock: " << guard.result().message << '\n';
    return 1;
  }
  std::cout << "got the lock; locked: " << client.is_locked(guard.key()) << '\n';
  guard.unlock();
  std::cout << "gave it back; locked: " << client.is_locked("nightly-report") << '\n';

  // The destructor would do this as well. Locks that are still held end here,
  // and waiting clients are told that they did not get theirs.
  server.stop();
}
