// A program that contains its own lock server: for instance a test, or a service whose
// parts on other machines need locks and should not need another server.
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
    std::cerr << "no lock: " << guard.error().detail << '\n';
    return 1;
  }
  // `value` throws the problem if the call failed.
  auto holders = [&] { return client.inspect(guard.key()).value().holder_count; };
  std::cout << "got the lock; holders: " << holders() << '\n';
  if (!guard.unlock())
    std::cerr << "it was not ours any more\n";
  std::cout << "gave it back; holders: " << holders() << '\n';

  // The destructor would do this as well. Locks that are still held end here,
  // and waiting clients are told that they did not get theirs.
  server.stop();
}
