// A client whose requests and answers go into a journal. What happens to a lease
// is noted for each of its locks.
#pragma once

#include "tests/reliability/journal.hpp"
#include "tests/reliability/lock_client.hpp"

#include <memory>
#include <string>
#include <vector>

namespace reliability {

struct owned_lock {
  std::string key{};
  std::uint64_t token = 0;
};

class recorded_client {
public:
  recorded_client(std::unique_ptr<lock_client> client, std::string owner, journal& to);

  /// @param x `first_sent` is set if it is not yet.
  operation acquire(const std::string& key, acquire_request& x);
  operation renew(const owned_lock& x, duration ttl);
  operation release(const owned_lock& x);
  operation verify(const std::string& key);

  /// Returns the lease's id, or nothing.
  std::string create_lease(duration ttl);

  // @param locks that live with the lease, at least one, and that nobody may
  //        have released.
  outcome renew_lease(const std::string& id, const std::vector<owned_lock>& locks, duration ttl);
  outcome end_lease(const std::string& id, const std::vector<owned_lock>& locks);

private:
  /// @param call returns the answer.
  /// @param from when a grant's time counts from, if earlier than now.
  template <class Call>
  void perform(std::vector<operation>& all, Call call, const time_point& from = never);
  template <class Call>
  operation perform(operation x, Call call, const time_point& from = never);
  operation about(action what, const owned_lock& x, duration ttl = {}) const;

  std::unique_ptr<lock_client> client_;
  std::string owner_;
  journal& journal_;
};

} // namespace reliability
