// A client of any kind, as the torture test uses it: one owner, one request at a
// time. To torture another way into the server, implement this and add it to
// `make_client`.
#pragma once

#include "tests/reliability/history.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace reliability {

/// What one request came to, as far as the client knows.
struct reply {
  outcome result = outcome::unknown;
  std::uint64_t token = 0;
  duration lasts{};     ///< How long after the request was sent the grant lasts at least.
  std::string reason{}; ///< Of what is not ok; not_holder, held, … when refused.
  bool shows_holders = false;
  std::vector<shown_holder> holders{};
  std::vector<std::string> queue{};
  std::string lease{}; ///< Of `create_lease`.
};

struct acquire_request {
  duration ttl{};
  duration wait{};
  unsigned limit = 1;  ///< How many may hold the key; more than 1 is a semaphore.
  std::string lease{}; ///< The grant lives with it, and `ttl` is not sent.
  std::string request_id{};
  time_point first_sent = never; ///< When it is the repeat of a request: when that was sent.
};

class lock_client {
public:
  virtual ~lock_client() = default;

  virtual reply acquire(const std::string& key, const acquire_request& x) = 0;
  virtual reply renew(const std::string& key, std::uint64_t token, duration ttl) = 0;
  virtual reply release(const std::string& key, std::uint64_t token) = 0;
  virtual reply verify(const std::string& key) = 0;

  virtual reply create_lease(duration ttl) = 0;
  virtual reply renew_lease(const std::string& id) = 0;
  /// Releases all its locks.
  virtual reply end_lease(const std::string& id) = 0;
};

/// @param kind "http".
/// @param owner in whose name it asks.
/// Throws `std::invalid_argument` for another kind.
std::unique_ptr<lock_client> make_client(const std::string& kind, const std::string& owner,
                                         std::uint16_t port);

} // namespace reliability
