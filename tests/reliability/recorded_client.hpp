// A client that records its requests and answers in a journal. An operation on a lease is
// recorded for each of its locks.
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

  /// @param x gets its `first_sent` if that is not set yet.
  operation acquire(const std::string& key, acquire_request& x);
  operation renew(const owned_lock& x, duration ttl);
  operation release(const owned_lock& x);
  operation verify(const std::string& key);

  bool renews() const {
    return client_->renews();
  }

  /// Returns the lease's id, or an empty string.
  std::string create_lease(duration ttl);

  // @param locks the locks of the lease that nobody may have released; at least one.
  outcome renew_lease(const std::string& id, const std::vector<owned_lock>& locks, duration ttl);
  outcome end_lease(const std::string& id, const std::vector<owned_lock>& locks);

private:
  /// @param call returns the answer.
  /// @param from the start of a grant's time, if it is earlier than now.
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
