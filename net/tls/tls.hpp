// TLS, by OpenSSL, for who reads and writes the socket, or has a connected one that does
// not block. Knows neither CAF nor HTTP nor locks.
// CAF has the like, but lets one failed handshake break all other connections,
// spins while a peer is silent (0.17), and reads its files again for each
// connection, ending its network if one is gone.
#pragma once

#include "actors/rules/peer_names.hpp"

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace lockserver {

/// What a server of HTTPS needs, read from its files.
struct https_files;

/// Certificate, key and authority. Immutable, so may be shared by threads.
class tls_context {
public:
  /// For peers that both show a certificate.
  /// Names of PEM files: our certificate (with those between it and the
  /// authority), its key without a passphrase, and the authority's certificate.
  /// @throws std::invalid_argument with a sentence about what is wrong.
  tls_context(const std::string& certificate, const std::string& key, const std::string& authority);

  /// For a server of HTTPS. Throws as above.
  explicit tls_context(const https_files& x);

  /// Whether the time of our certificate is over.
  bool has_expired() const noexcept;

  /// Whether an authority of this context has signed the certificate, which is valid now.
  bool trusts(X509& certificate, STACK_OF(X509) * between) const;

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

/// The longest record that a server of HTTPS writes, without its frame: most answers fit
/// into one, and OpenSSL's buffer, which is made anew for each, is not large.
inline constexpr std::size_t max_record_written = 4 * 1024;

/// What a session reads and writes in place of a socket.
struct tls_buffers {
  std::string_view in{}; ///< Has come from the peer, and is still to be read.
  std::string out{};     ///< Is to be sent to the peer.
};

/// One connection. On a socket, a write to a peer that is gone raises SIGPIPE: block it.
class tls_session {
public:
  /// @param fd stays the caller's, and outlives this.
  tls_session(const tls_context& context, int fd, tls_role role);

  /// @param buffers stay the caller's, and where they are.
  tls_session(const tls_context& context, tls_buffers& buffers, tls_role role);

  /// Reads what is there, and goes on with the handshake before that.
  /// @param[out] size of what was read; 0: nothing for now.
  /// @return false when the connection has ended or failed, see `failure`.
  bool read(void* buffer, std::size_t capacity, std::size_t& size);

  /// Goes on with the handshake. `size` becomes 0.
  bool shake_hands(std::size_t& size);

  /// The same for writing. Only once `established`. With buffers it takes all.
  bool write(const void* buffer, std::size_t length, std::size_t& size);

  /// Tells the peer that nothing more comes (close_notify). Only once `established`.
  void end();

  /// Whether the peer has shown its certificate, if it must.
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

  /// What the peer's certificate says; nothing without one.
  peer_names peer() const;

  /// Whether the peer has shown no certificate, or `now` trusts it.
  bool is_trusted_by(const tls_context& now) const;

private:
  tls_session(const tls_context& context, tls_role role);
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
