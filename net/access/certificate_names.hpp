// Patterns for the names in a client's certificate. Knows no TLS.
#pragma once

#include "actors/rules/peer_names.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lockserver {

/// The patterns that a certificate matches: "URI:…", "DNS:…", "EMAIL:…" for each
/// alternative name, and "DN:…" for the whole subject. There is none for the CN alone,
/// because authorities do not make sure that it is unique.
std::vector<std::string> patterns_of(const peer_names& x);

/// What is wrong with a pattern of a file, as the end of a sentence; empty: nothing.
std::string check_certificate_pattern(std::string_view x);

/// The normal form of a pattern: DNS names in lower case, because their case does not
/// matter (RFC 4343). All other names are compared byte by byte.
std::string normal_pattern(std::string_view x);

} // namespace lockserver
