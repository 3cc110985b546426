// What a client needs for TLS: whom it trusts, and what it shows. Knows neither sockets
// nor HTTP.
#pragma once

#include "lockserver/client_options.hpp"

#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace lockserver {

struct ssl_deleter {
  void operator()(SSL_CTX* x) const noexcept {
    SSL_CTX_free(x);
  }
  void operator()(SSL* x) const noexcept {
    SSL_free(x);
  }
};
using ssl_pointer = std::unique_ptr<SSL, ssl_deleter>;

/// Immutable, so may be shared by threads.
class secure_context {
public:
  /// @param host by which the server is called; its certificate must be for this, or for
  ///        `files.server_name`.
  /// @throws std::invalid_argument with a sentence about the file that is wrong.
  secure_context(const client_tls& files, const std::string& host);

  /// For one connection.
  ssl_pointer new_session() const;

private:
  std::unique_ptr<SSL_CTX, ssl_deleter> handle_;
  const std::string name_;
};

/// Why the handshake of `x` has failed, as OpenSSL says it.
std::string handshake_failure(const SSL& x, const std::string& otherwise);

} // namespace lockserver
