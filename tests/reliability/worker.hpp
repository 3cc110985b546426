// One thread of a client process. At random it takes, inspects and renews locks, and
// releases them or not.
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

/// The longest time that a worker asks for. It is short, so that many locks expire. It is
/// longer than the server is away, so that many do not.
inline constexpr auto longest_ttl = std::chrono::seconds{4};

class worker {
public:
  /// @param name unique among all workers of all processes.
  worker(std::string kind, std::string name, server_ports ports, std::uint64_t seed, journal& to);

  /// Works until `stop`. Its locks then stay held.
  void run(const std::stop_token& stop);

private:
  struct held_lease {
    std::string id{};
    duration ttl{};
    /// The locks that nobody may have released, including those that the worker has
    /// forgotten: they end with the lease.
    std::vector<owned_lock> locks{};
  };
  struct held_lock {
    std::shared_ptr<recorded_client> by;
    owned_lock it;
    std::shared_ptr<held_lease> lease; ///< The lock's lease; null: none.
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
  server_ports ports_;
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
