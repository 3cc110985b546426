// Decides when a client asks again. Pure: is told the time.
#pragma once

#include "lockserver/boot_clock.hpp"
#include "lockserver/client_error.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace lockserver {

/// One call, from its beginning to its last try. The request must be safe to repeat.
class persistence {
public:
  using duration = std::chrono::nanoseconds;
  using time_point = boot_clock::time_point;

  /// @param patience how long to ask again; 0: only once, after a broken connection.
  /// @param reached whether the server is known to be there. Until then, a connection
  ///        that cannot be made ends the call.
  persistence(time_point began, duration patience, bool reached);

  /// Returns after how long to ask again, or none: then `why` is the call's result.
  /// @param chance any number. It varies the pauses, so that the clients of a restarted
  ///        server do not come all at once.
  std::optional<duration> pause_after(const client::problem& why, time_point now,
                                      std::uint32_t chance);

private:
  bool is_passing(const client::problem& why) const;

  const time_point end_;
  bool reached_;
  unsigned tries_ = 0;
};

} // namespace lockserver
