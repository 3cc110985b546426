// TLS as a test's client speaks it, on a socket that a `raw_client` reads and writes.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace test {

/// How a client of TLS connects.
struct tls_client {
  std::string authority{};   ///< Whom it trusts; empty: anyone.
  std::string certificate{}; ///< Which it shows; empty: none.
  std::string key{};
  int version = 0;       ///< The only one that it speaks; 0: any.
  std::string alpn{};    ///< As in the hello: each protocol behind its length.
  std::string ciphers{}; ///< For TLS 1.2; empty: the usual.
};

/// Blocks in none of its methods.
class tls_socket {
public:
  /// @param socket the caller's, connected.
  tls_socket(int socket, const tls_client& how);

  enum class event { done, wants_input, wants_output, end, broken };

  event shake_hands();
  event read(char* out, std::size_t capacity, std::size_t& size);
  event write(std::string_view bytes, std::size_t& size);
  /// Says that it sends no more.
  void end();
  /// Asks for new keys, from the server as well.
  event update_keys();

  /// OpenSSL's sentence about what failed.
  const std::string& failure() const noexcept {
    return failure_;
  }
  /// The version of TLS, and the protocol that the server has chosen.
  std::string protocol() const;

private:
  event result(int code);

  struct deleter {
    void operator()(SSL* x) const noexcept {
      SSL_free(x);
    }
  };
  std::unique_ptr<SSL, deleter> handle_;
  std::string failure_;
};

} // namespace test
