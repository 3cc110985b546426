// A client of any kind, as the torture test uses it: one owner, one request at a time. To
// test another protocol, implement this interface and add it to `make_client`.
#pragma once

#include "tests/reliability/history.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace reliability {

/// The result of one request, as far as the client knows.
struct reply {
  outcome result = outcome::unknown;
  std::uint64_t token = 0;
  duration lasts{};     ///< How long the grant lasts at least, after the request was sent.
  std::string reason{}; ///< Why it is not ok; not_holder, held and so on if refused.
  bool shows_holders = false;
  std::vector<shown_holder> holders{};
  std::vector<std::string> queue{};
  std::string lease{}; ///< From `create_lease`.
};

struct acquire_request {
  duration ttl{};
  duration wait{};
  unsigned limit = 1;  ///< How many may hold the key; more than 1 is a semaphore.
  std::string lease{}; ///< The grant ends with it, and `ttl` is not sent.
  std::string request_id{};
  time_point first_sent = never; ///< For a repeat: when the request was first sent.
};

class lock_client {
public:
  virtual ~lock_client() = default;

  virtual reply acquire(const std::string& key, const acquire_request& x) = 0;
  virtual reply renew(const std::string& key, std::uint64_t token, duration ttl) = 0;
  virtual reply release(const std::string& key, std::uint64_t token) = 0;
  virtual reply verify(const std::string& key) = 0;

  /// Whether the client renews by itself what it has obtained, until it is released. Then
  /// nothing expires.
  virtual bool renews() const {
    return false;
  }

  virtual reply create_lease(duration ttl) = 0;
  virtual reply renew_lease(const std::string& id) = 0;
  /// Releases all its locks.
  virtual reply end_lease(const std::string& id) = 0;
};

/// Where a server listens.
struct server_ports {
  std::uint16_t http = 0;
  std::uint16_t caf = 0;
};

/// @param kind "http" or "caf".
/// @param owner the owner of its requests.
/// @throws std::invalid_argument for another kind.
std::unique_ptr<lock_client> make_client(const std::string& kind, const std::string& owner,
                                         const server_ports& ports);

} // namespace reliability
