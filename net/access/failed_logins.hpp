// Limits failed logins. Pure: it is told the time.
#pragma once

#include "net/access/client_network.hpp"
#include "net/access/recent_table.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>

namespace lockserver {

/// Counts failed logins by address. Nobody can guess a token; the limit keeps attempts cheap
/// for the server, and makes them visible. Not thread-safe.
class failed_logins {
public:
  using clock = std::chrono::steady_clock;

  /// So many failures within `window` are not the mistake of a person.
  static constexpr std::size_t most = 10;
  static constexpr auto window = std::chrono::seconds{10};

  /// Afterwards no login is tried for so long.
  static constexpr auto pause = std::chrono::seconds{10};

  /// They take about 2 MB. The one without failures for longest is forgotten.
  static constexpr std::size_t max_addresses = 10'000;

  /// How long no login from there may be tried; none: it may be tried now.
  std::optional<clock::duration> wait(const client_network& from, clock::time_point now) const;

  /// A login from there failed. Failures during a pause do not extend it.
  void failed(const client_network& from, clock::time_point now);

private:
  struct record {
    std::array<clock::time_point, most> times{}; // of the last failures, as a ring buffer
    std::size_t count = 0;                       // of failures since the last pause
    clock::time_point pause_until{};
  };

  recent_table<client_network, record, client_network::hash> records_{max_addresses};
};

} // namespace lockserver
