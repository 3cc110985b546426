// By which names the server may be called: what a Host field looks like, and
// which hosts are let in. Knows no sockets and no requests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lockserver {

struct settings;

/// Whether `x` may stand in a Host field: a name or an address, and maybe a
/// port (RFC 9110, 7.2). It may be empty.
bool is_host(std::string_view x);

/// `allowed_hosts` of the settings, or what stands for it if it is empty.
std::string allowed_hosts(const settings& config);

/// Which hosts a request may name. A web page can make its own name point to
/// this machine (DNS rebinding); its browser still says that name.
/// Immutable, so any thread may ask.
class host_rule {
public:
  explicit host_rule(const settings& config);

  /// Whether a request may name this host, with or without a port. localhost, the
  /// names below it, and loopback addresses always may: nobody can make those
  /// point elsewhere. A request that names none is no browser's.
  bool allows(std::string_view host) const;

private:
  bool any_ = false;
  std::vector<std::string> names_;
};

/// What is wrong with a setting `allowed_hosts`, as a sentence, or nothing.
std::string check_allowed_hosts(std::string_view x);

} // namespace lockserver
