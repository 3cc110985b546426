// Clients hold few keys in turns while their connections are reset:
// held_under_resets PORT GRANTS [CALM]
//
// PORT is that of the server, or of a proxy before it. With CALM, a network of the
// program's own lies between, which resets all connections again and again, after
// pauses of up to that many milliseconds.
//
// Counts how often `held()` was true although another client had got the key
// later, and how often a holder had not been told by then. No clock decides
// that: each client writes down the token of its grant when it has it, and looks
// there before it asks whether it still holds the key.
// Exit status 0: neither was ever so; 1: one was, or there were not that many grants.
#include "lockserver/held_lock.hpp"
#include "lockserver/rest_client.hpp"
#include "tests/support/tcp_proxy.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using lockserver::held_lock;
using lockserver::rest_client;

constexpr int clients = 8;
constexpr std::size_t keys = 3;

// Longer than anything takes here: no lock ends by its time.
constexpr auto ttl = 60s;

// How long a key is held at most: some resets hit while it is.
constexpr std::chrono::microseconds longest_use = 8ms;

// The whole run, however many grants there are. Only a failure takes that long.
constexpr auto patience = 10min;

struct counts {
  std::atomic<std::uint64_t> grants{0};
  std::atomic<std::uint64_t> lost{0};     // ended before their holder gave them back
  std::atomic<std::uint64_t> too_long{0}; // `held()` was true when another had the key
  std::atomic<std::uint64_t> untold{0};   // another had the key, and the holder was not told
};

class contest {
public:
  contest(std::uint16_t port, std::uint64_t wanted) : port_(port), wanted_(wanted) {
  }

  void run() {
    std::vector<std::thread> threads;
    for (int i = 0; i < clients; ++i)
      threads.emplace_back([this, i] { contend(i); });
    for (auto& x : threads)
      x.join();
  }

  const counts& found() const {
    return found_;
  }

private:
  std::unique_ptr<rest_client> make_client(int number) const {
    lockserver::client_options options;
    options.reconnect_attempts = 100;
    options.time_between_attempts = 1ms;
    return std::make_unique<rest_client>("client" + std::to_string(number), "127.0.0.1", port_,
                                         options);
  }

  bool goes_on() const {
    return found_.grants < wanted_ && std::chrono::steady_clock::now() < give_up_;
  }

  void contend(int number) {
    std::mt19937 random{static_cast<unsigned>(number)};
    auto client = make_client(number);
    for (std::uint64_t turn = 0; goes_on(); ++turn) {
      auto key = random() % keys;
      std::atomic<bool> told{false};
      lockserver::client::acquire_options options{ttl, 5s};
      // The same request until it is answered: its grant may have been lost on the way.
      options.request_id = std::to_string(turn);
      auto name = "key" + std::to_string(key);
      auto lock = hold(*client, name, options, [&](auto&) { told = true; });
      while (!lock && goes_on())
        lock = hold(*client, name, options, [&](auto&) { told = true; });
      if (!lock)
        return;
      ++found_.grants;
      // Some clients close their connection when they have their grant.
      if (random() % 2 == 0)
        client = make_client(number);
      use(*lock, latest_[key], told, random() % longest_use.count() * 1us);
      give_back(*client, *lock);
    }
  }

  // Looks all the time whether the lock is held.
  void use(held_lock& lock, std::atomic<std::uint64_t>& latest, const std::atomic<bool>& told,
           std::chrono::microseconds lasts) {
    for (auto seen = latest.load(); seen < lock.token();)
      if (latest.compare_exchange_weak(seen, lock.token()))
        break;
    bool too_long = false;
    bool untold = false;
    for (auto end = std::chrono::steady_clock::now() + lasts;
         std::chrono::steady_clock::now() < end; std::this_thread::yield())
      if (latest.load() > lock.token()) {
        too_long |= lock.held();
        untold |= !told;
      }
    found_.too_long += too_long ? 1 : 0;
    found_.untold += untold ? 1 : 0;
  }

  // A release that was lost on the way is repeated, by the token.
  void give_back(const rest_client& client, held_lock& lock) {
    using lockserver::errc;
    auto released = lock.release();
    if (released.error() == errc::not_holder)
      ++found_.lost;
    while (!released && released.error() != errc::not_holder
           && std::chrono::steady_clock::now() < give_up_)
      released = client.release(lock.grant().key, lock.token());
  }

  const std::uint16_t port_;
  const std::uint64_t wanted_;
  const std::chrono::steady_clock::time_point give_up_ = std::chrono::steady_clock::now()
                                                         + patience;
  std::array<std::atomic<std::uint64_t>, keys> latest_{}; // token of which a client knows
  counts found_;
};

// A network that resets all connections every now and then.
class bad_network {
public:
  bad_network(std::uint16_t port, unsigned longest_calm)
    : network_(port), thread_([this, longest_calm] { reset_again(longest_calm); }) {
  }
  bad_network(const bad_network&) = delete;
  bad_network& operator=(const bad_network&) = delete;
  ~bad_network() {
    {
      std::lock_guard guard{mutex_};
      over_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  std::uint16_t port() const {
    return network_.port();
  }

private:
  void reset_again(unsigned longest_calm) {
    std::mt19937 random{1};
    std::unique_lock guard{mutex_};
    while (!changed_.wait_for(guard, random() % longest_calm * 1ms, [this] { return over_; }))
      network_.reset();
  }

  test::tcp_proxy network_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  std::thread thread_;
};

int run(std::uint16_t port, std::uint64_t wanted, unsigned longest_calm) {
  std::unique_ptr<bad_network> network;
  if (longest_calm > 0)
    network = std::make_unique<bad_network>(port, longest_calm);
  contest it{network ? network->port() : port, wanted};
  it.run();
  auto& found = it.found();
  std::cout << "grants: " << found.grants << ", lost: " << found.lost
            << ", held() when another had the key: " << found.too_long
            << ", not told: " << found.untold << '\n';
  return found.grants >= wanted && found.too_long == 0 && found.untold == 0 ? 0 : 1;
}

} // namespace

int main(int argc, char* argv[]) try {
  if (argc < 3)
    return 64;
  return run(static_cast<std::uint16_t>(std::atoi(argv[1])), std::strtoull(argv[2], nullptr, 10),
             argc > 3 ? static_cast<unsigned>(std::atoi(argv[3])) : 0);
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
