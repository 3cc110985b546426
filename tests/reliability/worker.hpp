// One thread of a client process: takes locks, looks at them, renews them and
// gives them back, or not, at random.
#pragma once

#include "tests/reliability/recorded_client.hpp"
#include "tests/support/seed.hpp"

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

namespace reliability {

/// The longest time that a worker asks for. It is short, so that many locks end
/// by themselves, and longer than the server is away, so that many do not.
inline constexpr auto longest_ttl = std::chrono::seconds{4};

class worker {
public:
  /// @param name different from that of all others, in all processes.
  worker(std::string kind, std::string name, std::uint16_t port, std::uint64_t seed, journal& to);

  /// Until `stop`. What it holds then stays held.
  void run(const std::stop_token& stop);

private:
  struct held_lease {
    std::string id{};
    duration ttl{};
    /// Those that nobody may have released, also those that the worker has
    /// forgotten: they end with the lease.
    std::vector<owned_lock> locks{};
  };
  struct held_lock {
    std::shared_ptr<recorded_client> by;
    owned_lock it;
    std::shared_ptr<held_lease> lease; ///< That it lives with, or none.
  };

  void step();
  void take();
  void use(std::size_t index);
  void give_back(std::size_t index);
  void renew_lease(const held_lock& x);
  void end_lease(const held_lock& x);
  void forget_locks_of(const held_lease& x);
  void forget(std::size_t index) {
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(index));
  }
  std::shared_ptr<held_lease> usable_lease();
  void become_another();
  std::string any_key();
  duration between(int least_ms, int most_ms);
  bool chance(unsigned percent) {
    return random_.below(100) < percent;
  }
  void pause(duration x);

  std::string kind_;
  std::string name_;
  std::uint16_t port_;
  lockserver::test::random_source random_;
  journal& journal_;
  std::shared_ptr<recorded_client> client_;
  std::shared_ptr<held_lease> lease_; // of `client_`
  unsigned names_ = 0;
  std::uint64_t requests_ = 0;
  std::vector<held_lock> held_;
  std::stop_token stop_;
  std::mutex mutex_;
  std::condition_variable_any never_notified_;
};

} // namespace reliability
