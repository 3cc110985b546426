#include "lockserver/settings.hpp"

#include "actors/rules/settings_table.hpp"
#include "net/session/host_rule.hpp"

namespace lockserver {

std::string validate(const settings& x) {
  for (auto& row : settings_table())
    if (auto wrong = check_limits(row, x); !wrong.empty())
      return wrong;
  if (auto wrong = check_allowed_hosts(x.allowed_hosts); !wrong.empty())
    return wrong;
  if (x.lock_timeout > x.max_lock_timeout)
    return "lock-timeout must be above 0 and at most max-lock-timeout";
  if (x.lock_attempt_timeout > x.max_lock_attempt_timeout)
    return "lock-attempt-timeout must be 0 or more and at most max-lock-attempt-timeout";
  auto tls_files = int{!x.caf_tls_certificate.empty()} + int{!x.caf_tls_key.empty()}
                   + int{!x.caf_tls_authority.empty()};
  if (tls_files != 0 && tls_files != 3)
    return "caf-tls-certificate, caf-tls-key and caf-tls-authority go together: each side checks "
           "the other";
  if (tls_files != 0 && !x.caf_port)
    return "caf-tls-certificate needs a caf-port";
  if (x.restart_grace != settings::duration::zero() && !x.data_dir.empty())
    return "restart-grace is for servers without a data-dir: one with it knows what is held";
  return {};
}

} // namespace lockserver
