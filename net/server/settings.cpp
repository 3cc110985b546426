#include "lockserver/settings.hpp"

#include "actors/rules/settings_table.hpp"
#include "net/session/host_rule.hpp"

namespace lockserver {

namespace {

std::string validate_tls(const settings& x) {
  auto has_tls = !x.tls_certificate.empty();
  if (has_tls == x.tls_key.empty())
    return "tls-certificate and tls-key go together: one is of no use without the other";
  auto asks = x.tls_clients != client_certificates::no;
  if (asks && !has_tls)
    return "tls-clients needs TLS: a tls-certificate and its tls-key";
  if (asks && x.tls_clients_authority.empty())
    return "tls-clients needs a tls-clients-authority, which says whose certificates count";
  if (!asks && !x.tls_clients_authority.empty())
    return "tls-clients-authority needs tls-clients, accept or require: without it no client is "
           "asked for a certificate";
  if (x.plain_port && !has_tls)
    return "plain-port is for a port beside one with TLS, and so needs a tls-certificate: without "
           "that, port itself is plain";
  if (x.plain_port && *x.plain_port != 0 && *x.plain_port == x.port)
    return "plain-port and port must differ: one port speaks one protocol";
  return {};
}

} // namespace

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
  if (auto wrong = validate_tls(x); !wrong.empty())
    return wrong;
  auto tls_files = int{!x.caf_tls_certificate.empty()} + int{!x.caf_tls_key.empty()}
                   + int{!x.caf_tls_authority.empty()};
  if (tls_files != 0 && tls_files != 3)
    return "caf-tls-certificate, caf-tls-key and caf-tls-authority go together: each side checks "
           "the other";
  if (tls_files != 0 && !x.caf_port)
    return "caf-tls-certificate needs a caf-port";
  if (!x.access.empty() && x.caf_port && tls_files == 0)
    return "access with a caf-port needs a caf-tls-certificate: without TLS any program that "
           "reaches "
           "the port would be the identity caf";
  if (x.audit_required && (x.audit_log.empty() || x.audit == audit_level::off))
    return "audit-required needs an audit-log, and audit=refusals or changes";
  if (x.restart_grace != settings::duration::zero() && !x.data_dir.empty())
    return "restart-grace is for servers without a data-dir: one with it knows what is held";
  return {};
}

} // namespace lockserver
