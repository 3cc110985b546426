// Two workers share one thing (a file, a printer, a row) that only one may use at a time.
// Here each is a thread. In practice they are programs on different machines, with the
// same code.
//
// Usage: two_workers [host [port]], with a server running there.
#include <lockserver/rest_client.hpp>
#include <lockserver/scoped_lock.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <syncstream>
#include <thread>

using namespace std::chrono_literals;

namespace {

// Returns whether all turns went well.
bool work(const std::string& name, const std::string& host, std::uint16_t port) {
  // The name says who holds the lock. Workers need different names, because the server
  // treats equal names as one owner.
  lockserver::rest_client client{name, host, port};
  for (int turn = 1; turn <= 3; ++turn) {
    // `ttl` is how soon the others get the lock if this program dies while it holds it.
    // While it lives, the guard renews the lock. `wait` is how long to wait in the queue.
    lockserver::scoped_lock guard{client, "the-printer", {.ttl = 10s, .wait = 20s}};
    if (!guard) {
      std::osyncstream(std::cerr) << name << " did not get the lock: " << guard.error().detail
                                  << '\n';
      return false;
    }
    std::osyncstream(std::cout) << name << " has the printer, turn " << turn << '\n';
    std::this_thread::sleep_for(50ms); // the work
    std::osyncstream(std::cout) << name << " is done\n";
    // Leaving the scope would release the lock, too. But only `unlock` tells whether the
    // lock was still ours, and not taken away by an operator.
    if (auto given_back = guard.unlock(); !given_back) {
      std::osyncstream(std::cerr) << name
                                  << " lost the lock while it worked: " << given_back.error().detail
                                  << '\n';
      return false;
    }
  }
  return true;
}

} // namespace

int main(int argc, char** argv) {
  std::string host = argc > 1 ? argv[1] : "127.0.0.1";
  auto port = static_cast<std::uint16_t>(argc > 2 ? std::stoi(argv[2]) : 8004);
  // Reports a missing server once, instead of in both workers.
  if (!lockserver::rest_client{"two_workers", host, port}.ping()) {
    std::cerr << "no lock server answers at " << host << " port " << port << '\n';
    return 1;
  }
  std::atomic<bool> good = true;
  auto run = [&](const char* name) {
    if (!work(name, host, port))
      good = false;
  };
  std::jthread anna{run, "anna"};
  std::jthread bert{run, "bert"};
  anna.join();
  bert.join();
  return good ? 0 : 1;
}
