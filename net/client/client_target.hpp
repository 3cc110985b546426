// Which server a client talks to, and how. What all parts of one client share.
#pragma once

#include "lockserver/client_options.hpp"
#include "net/client/secure_context.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace lockserver {

struct client_target {
  /// Reads the files of TLS, if there are any. Throws as `secure_context`.
  client_target(std::string host_name, std::uint16_t port_number, client_options x)
    : host(std::move(host_name)),
      port(port_number),
      options(std::move(x)),
      tls(options.tls ? std::make_shared<secure_context>(*options.tls, host) : nullptr) {
  }

  std::string host;
  std::uint16_t port;
  client_options options;
  std::shared_ptr<const secure_context> tls; ///< Null: plain.
};

} // namespace lockserver
