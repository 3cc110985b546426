// The names in a client's certificate, as plain values, and patterns for them. Knows no
// TLS.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lockserver {

/// A subject alternative name.
struct alternative_name {
  enum class kind : std::uint8_t { uri, dns, email };
  kind what = kind::uri;
  std::string value;
};

/// The names in a verified certificate.
struct certificate_names {
  std::vector<alternative_name> alternatives;
  std::string subject; ///< All of it, in the form of RFC 2253: "CN=ops,O=Example".
};

/// The patterns that a certificate matches: "URI:…", "DNS:…", "EMAIL:…" for each
/// alternative name, and "DN:…" for the whole subject. There is none for the CN alone,
/// because authorities do not make sure that it is unique.
std::vector<std::string> patterns_of(const certificate_names& x);

/// What is wrong with a pattern of a file, as the end of a sentence; empty: nothing.
std::string check_certificate_pattern(std::string_view x);

/// The normal form of a pattern: DNS names in lower case, because their case does not
/// matter (RFC 4343). All other names are compared byte by byte.
std::string normal_pattern(std::string_view x);

} // namespace lockserver
