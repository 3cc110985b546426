// Identifies the client of a request, and decides whether the request is allowed: the one
// check for all protocols. Knows no sockets and no actors, and is told the time.
#pragma once

#include "net/access/access_rules.hpp"
#include "net/access/authenticator.hpp"
#include "net/access/client_network.hpp"
#include "net/access/failed_logins.hpp"
#include "net/access/permission.hpp"
#include "net/access/rate_limits.hpp"

#include <chrono>
#include <mutex>
#include <variant>

namespace lockserver {

/// How a request arrived.
struct arrival {
  client_network from;
  authorization_field credentials{};
  bool is_private = false; ///< Nobody else can read it: it came over TLS, or from this machine.
};

/// Counts failed logins and requests of all connections, so a server has one. Thread-safe.
class access_gate {
public:
  using clock = std::chrono::steady_clock;

  /// The client, valid as long as the rules; or why the request is not allowed.
  using answer = std::variant<const principal*, denial>;

  /// @param requests_per_second for each identity, and for each address; 0: no limit
  explicit access_gate(unsigned requests_per_second)
    : limits_rates_(requests_per_second > 0), rates_(requests_per_second) {
  }

  bool limits_rates() const noexcept {
    return limits_rates_;
  }

  /// Checks a request.
  ///
  /// After many wrong tokens from an address, no token from there is verified for a while.
  /// Two exceptions protect honest clients behind the same proxy: renewals and releases,
  /// and connections whose token was verified before.
  /// @param client the authenticator of the connection
  answer pass(const access_rules& rules, authenticator& client, const arrival& how,
              const access_wish& x, clock::time_point now);

  /// Checks a request whose client is known. The answer is `who`, or a denial.
  answer pass_as(const principal& who, const client_network& from, const access_wish& x,
                 clock::time_point now);

private:
  answer sign_in(const access_rules& rules, authenticator& client, const arrival& how,
                 bool is_limited, clock::time_point now);

  const bool limits_rates_;
  std::mutex mutex_; // of the next two; most requests need neither
  failed_logins failures_;
  rate_limits rates_;
};

} // namespace lockserver
