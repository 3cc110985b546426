#include "tests/support/tls_socket.hpp"

#include <openssl/err.h>

#include <csignal>
#include <stdexcept>

namespace test {

namespace {

void require(bool ok, const std::string& what) {
  if (!ok)
    throw std::runtime_error{"cannot use " + what};
}

} // namespace

tls_socket::tls_socket(int socket, const tls_client& how) {
  // OpenSSL writes to sockets whose other side is gone. Only processes can ignore that.
  static const auto before = std::signal(SIGPIPE, SIG_IGN);
  require(before != SIG_ERR, "SIGPIPE");
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context{SSL_CTX_new(TLS_client_method()),
                                                       SSL_CTX_free};
  auto* x = context.get();
  if (!how.authority.empty()) {
    require(SSL_CTX_load_verify_locations(x, how.authority.c_str(), nullptr) == 1, how.authority);
    SSL_CTX_set_verify(x, SSL_VERIFY_PEER, nullptr);
  }
  if (!how.certificate.empty()) {
    require(SSL_CTX_use_certificate_chain_file(x, how.certificate.c_str()) == 1, how.certificate);
    require(SSL_CTX_use_PrivateKey_file(x, how.key.c_str(), SSL_FILETYPE_PEM) == 1, how.key);
  }
  if (how.version != 0) {
    SSL_CTX_set_min_proto_version(x, how.version);
    SSL_CTX_set_max_proto_version(x, how.version);
  }
  if (how.version != 0 && how.version < TLS1_2_VERSION)
    SSL_CTX_set_security_level(x, 0);
  if (!how.ciphers.empty())
    require(SSL_CTX_set_cipher_list(x, how.ciphers.c_str()) == 1, how.ciphers);
  if (!how.alpn.empty())
    SSL_CTX_set_alpn_protos(x, reinterpret_cast<const unsigned char*>(how.alpn.data()),
                            static_cast<unsigned>(how.alpn.size()));
  SSL_CTX_set_mode(x, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  handle_.reset(SSL_new(x));
  SSL_set_fd(handle_.get(), socket);
  SSL_set_connect_state(handle_.get());
}

tls_socket::event tls_socket::shake_hands() {
  ERR_clear_error();
  return result(SSL_do_handshake(handle_.get()));
}

tls_socket::event tls_socket::read(char* out, std::size_t capacity, std::size_t& size) {
  ERR_clear_error();
  auto code = SSL_read(handle_.get(), out, static_cast<int>(capacity));
  size = code > 0 ? static_cast<std::size_t>(code) : 0;
  return result(code);
}

tls_socket::event tls_socket::write(std::string_view bytes, std::size_t& size) {
  ERR_clear_error();
  auto code = SSL_write(handle_.get(), bytes.data(), static_cast<int>(bytes.size()));
  size = code > 0 ? static_cast<std::size_t>(code) : 0;
  return result(code);
}

void tls_socket::end() {
  ERR_clear_error();
  if (SSL_is_init_finished(handle_.get()) != 0)
    SSL_shutdown(handle_.get());
  ERR_clear_error();
}

tls_socket::event tls_socket::update_keys() {
  ERR_clear_error();
  SSL_key_update(handle_.get(), SSL_KEY_UPDATE_REQUESTED);
  return shake_hands();
}

std::string tls_socket::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(handle_.get(), &name, &size);
  return std::string(SSL_get_version(handle_.get())) + ' '
         + std::string{reinterpret_cast<const char*>(name), size};
}

tls_socket::event tls_socket::result(int code) {
  if (code > 0)
    return event::done;
  switch (SSL_get_error(handle_.get(), code)) {
    case SSL_ERROR_WANT_READ:
      return event::wants_input;
    case SSL_ERROR_WANT_WRITE:
      return event::wants_output;
    case SSL_ERROR_ZERO_RETURN:
      return event::end;
    default:
      break;
  }
  const auto* reason = ERR_reason_error_string(ERR_peek_error());
  failure_ = reason != nullptr ? reason : "connection lost";
  ERR_clear_error();
  return event::broken;
}

} // namespace test
