// Limits requests a second. Pure: it is told the time.
#pragma once

#include "actors/rules/seeded_hash.hpp"
#include "net/access/client_network.hpp"
#include "net/access/principal.hpp"
#include "net/access/recent_table.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace lockserver {

/// A limit for each identity, and for each address of anonymous clients. A burst of one
/// second's requests is allowed. Not thread-safe.
class rate_limits {
public:
  using clock = std::chrono::steady_clock;

  /// Of each kind. The one without requests for longest is forgotten.
  static constexpr std::size_t max_entries = 10'000;

  /// @param per_second the limit for each, exact to a nanosecond a request; 0: no limit
  explicit rate_limits(unsigned per_second);

  /// Counts a request. Returns how long to wait if it is beyond the limit, and then does not
  /// count it.
  std::optional<clock::duration> take(const principal& who, const client_network& from,
                                      clock::time_point now);

private:
  // When all counted requests are used up at the rate of the limit.
  struct account {
    clock::time_point paid_until{};
  };

  std::optional<clock::duration> take(account& x, clock::time_point now) const;

  clock::duration each_; // zero: no limit
  recent_table<std::string, account, seeded_hash> identities_{max_entries};
  recent_table<client_network, account, client_network::hash> addresses_{max_entries};
};

} // namespace lockserver
