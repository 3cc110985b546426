#include "lockserver/settings.hpp"

#include "net/session/host_rule.hpp"

namespace lockserver {

std::string validate(const settings& x) {
  using duration = settings::duration;
  if (x.host.empty())
    return "host must not be empty: 127.0.0.1 for this machine, 0.0.0.0 for all";
  if (auto wrong = check_allowed_hosts(x.allowed_hosts); !wrong.empty())
    return wrong;
  if (x.lock_timeout <= duration::zero() || x.lock_timeout > x.max_lock_timeout)
    return "lock-timeout must be above 0 and at most max-lock-timeout";
  if (x.lock_attempt_timeout < duration::zero()
      || x.lock_attempt_timeout > x.max_lock_attempt_timeout)
    return "lock-attempt-timeout must be 0 or more and at most max-lock-attempt-timeout";
  // Far below where adding it to a clock overflows.
  constexpr duration year = std::chrono::hours{24 * 365};
  if (x.max_lock_timeout > year)
    return "max-lock-timeout must be at most a year";
  if (x.max_lock_attempt_timeout > year)
    return "max-lock-attempt-timeout must be at most a year";
  if (x.caf_host.empty())
    return "caf-host must not be empty: 127.0.0.1 for this machine, 0.0.0.0 for all";
  auto tls_files = int{!x.caf_tls_certificate.empty()} + int{!x.caf_tls_key.empty()}
                   + int{!x.caf_tls_authority.empty()};
  if (tls_files != 0 && tls_files != 3)
    return "caf-tls-certificate, caf-tls-key and caf-tls-authority go together: each side checks "
           "the other";
  if (tls_files != 0 && !x.caf_port)
    return "caf-tls-certificate needs a caf-port";
  if (x.caf_session_timeout < std::chrono::milliseconds{100} || x.caf_session_timeout > year)
    return "caf-session-timeout must be at least 0.1 and at most a year";
  if (x.reconnect_attempts == 0)
    return "reconnect-attempts must be 1 or more";
  if (x.time_between_attempts < duration::zero() || x.time_between_attempts > year)
    return "time-between-attempts must be 0 or more and at most a year";
  if (x.max_connections == 0)
    return "max-connections must be 1 or more";
  if (x.max_keys == 0)
    return "max-keys must be 1 or more";
  if (x.max_locks_per_lease == 0)
    return "max-locks-per-lease must be 1 or more";
  if (x.max_holders_per_key == 0 || x.max_holders_per_key > 1'000'000)
    return "max-holders-per-key must be 1 to 1000000";
  if (x.restart_grace < duration::zero()
      || (x.restart_grace > year && x.restart_grace != settings::as_long_as_locks))
    return "restart-grace must be max, or 0 or more and at most a year";
  if (x.restart_grace != duration::zero() && !x.data_dir.empty())
    return "restart-grace is for servers without a data-dir: one with it knows what is held";
  if (x.terraform_lock_timeout < duration::zero() || x.terraform_lock_timeout > year)
    return "terraform-lock-timeout must be 0 (no end) or more and at most a year";
  if (x.threads == 0 || x.threads > 256)
    return "threads must be 1 to 256";
  for (auto time : {x.header_timeout, x.idle_timeout, x.write_timeout, x.answer_margin})
    if (time <= duration::zero() || time > year)
      return "header-timeout, idle-timeout, write-timeout and answer-margin must be above 0 and at "
             "most a year";
  if (x.key_idle_timeout < duration::zero() || x.key_idle_timeout > year)
    return "key-idle-timeout must be 0 or more and at most a year";
  return {};
}

} // namespace lockserver
