#include "lockserver/settings.hpp"

namespace lockserver {

std::string validate(const settings& x) {
  using duration = settings::duration;
  if (x.host.empty())
    return "host must not be empty: 127.0.0.1 for this machine, 0.0.0.0 for all";
  if (x.lock_timeout <= duration::zero() || x.lock_timeout > x.max_lock_timeout)
    return "lock-timeout must be above 0 and at most max-lock-timeout";
  if (x.lock_attempt_timeout < duration::zero()
      || x.lock_attempt_timeout > x.max_lock_attempt_timeout)
    return "lock-attempt-timeout must be 0 or more and at most max-lock-attempt-timeout";
  // Far below where adding it to a clock overflows.
  if (x.max_lock_timeout > std::chrono::hours{24 * 365})
    return "max-lock-timeout must be at most a year";
  if (x.max_lock_attempt_timeout > std::chrono::hours{24 * 365})
    return "max-lock-attempt-timeout must be at most a year";
  if (x.reconnect_attempts == 0)
    return "reconnect-attempts must be 1 or more";
  if (x.time_between_attempts < duration::zero())
    return "time-between-attempts must be 0 or more";
  if (x.max_connections == 0)
    return "max-connections must be 1 or more";
  if (x.threads == 0 || x.threads > 256)
    return "threads must be 1 to 256";
  if (x.header_timeout <= duration::zero() || x.idle_timeout <= duration::zero()
      || x.write_timeout <= duration::zero() || x.answer_margin <= duration::zero())
    return "header-timeout, idle-timeout, write-timeout and answer-margin must be above 0";
  if (x.key_idle_timeout < duration::zero())
    return "key-idle-timeout must be 0 or more";
  return {};
}

} // namespace lockserver
