// TLS, by OpenSSL, on a connected socket that does not block: each side takes only
// a peer that shows a certificate of its authority. Knows neither CAF nor locks.
// CAF has the like, but lets one failed handshake break all other connections,
// spins while a peer is silent (0.17), and reads its files again for each
// connection, ending its network if one is gone.
#pragma once

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace lockserver {

/// Certificate, key and authority. Immutable, so may be shared by threads.
class tls_context {
public:
  /// Names of PEM files: our certificate (with those between it and the
  /// authority), its key without a passphrase, and the authority's certificate.
  /// @throws std::invalid_argument with a sentence about what is wrong.
  tls_context(const std::string& certificate, const std::string& key, const std::string& authority);

private:
  friend class tls_session;
  struct deleter {
    void operator()(SSL_CTX* x) const noexcept {
      SSL_CTX_free(x);
    }
  };
  std::unique_ptr<SSL_CTX, deleter> handle_;
};

enum class tls_role : std::uint8_t { client, server };

/// One connection. A write to a peer that is gone raises SIGPIPE: block it.
class tls_session {
public:
  /// @param fd stays the caller's, and outlives this.
  tls_session(const tls_context& context, int fd, tls_role role);

  /// Reads what is there, and goes on with the handshake before that.
  /// @param[out] size of what was read; 0: nothing for now.
  /// @return false when the connection has ended or failed, see `failure`.
  bool read(void* buffer, std::size_t capacity, std::size_t& size);

  /// Goes on with the handshake. `size` becomes 0.
  bool shake_hands(std::size_t& size);

  /// The same for writing. Only once `established`.
  bool write(const void* buffer, std::size_t length, std::size_t& size);

  /// Whether the peer has shown its certificate.
  bool established() const noexcept {
    return SSL_is_init_finished(handle_.get()) != 0;
  }

  /// Whether the peer has sent anything.
  bool heard() const noexcept {
    return BIO_number_read(SSL_get_rbio(handle_.get())) > 0;
  }

  /// Bytes that can be read without the socket.
  std::size_t pending() const noexcept {
    return static_cast<std::size_t>(SSL_pending(handle_.get()));
  }

  /// Why it failed; empty: it did not, or the peer closed in order.
  const std::string& failure() const noexcept {
    return failure_;
  }

private:
  bool result(int code);

  struct deleter {
    void operator()(SSL* x) const noexcept {
      SSL_free(x);
    }
  };
  std::unique_ptr<SSL, deleter> handle_;
  std::string failure_;
};

} // namespace lockserver
