// By which names a client is known that has shown a certificate. Plain values, so that
// rules about rights need no TLS.
#pragma once

#include <string>
#include <vector>

namespace lockserver {

/// What a certificate says of its owner. An authority of ours has signed it.
struct peer_names {
  /// The subject alternative names: "URI:spiffe://example/ops", "DNS:ci.example",
  /// "EMAIL:ops@example".
  std::vector<std::string> alternatives{};
  /// "DN:" and the whole subject as in RFC 2253: "DN:CN=ops,O=Example".
  std::string subject{};
};

} // namespace lockserver
