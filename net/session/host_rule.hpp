// The names under which the server may be called: the form of a Host field, and the
// allowed hosts. Knows neither sockets nor requests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lockserver {

struct settings;

/// Whether `x` is a valid Host field: a name or an address, and optionally a port (RFC
/// 9110, 7.2). It may be empty.
bool is_host(std::string_view x);

/// The setting `allowed_hosts`, or its default if it is empty.
std::string allowed_hosts(const settings& config);

/// The hosts that a request may name. A web page can make its own name point to this
/// machine (DNS rebinding), but its browser still sends that name. Immutable, so any
/// thread may ask.
class host_rule {
public:
  explicit host_rule(const settings& config);

  /// Whether a request may name this host, with or without a port. localhost, the names
  /// below it, and loopback addresses are always allowed, because nobody can make them
  /// point elsewhere. A request without a host is allowed, because it does not come from
  /// a browser.
  bool allows(std::string_view host) const;

private:
  bool any_ = false;
  std::vector<std::string> names_;
};

/// The error in a setting `allowed_hosts`, as a sentence, or an empty string.
std::string check_allowed_hosts(std::string_view x);

} // namespace lockserver
