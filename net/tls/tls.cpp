#include "net/tls/tls.hpp"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <limits>
#include <new>
#include <stdexcept>
#include <system_error>

namespace lockserver {

namespace {

// Why the last call failed. OpenSSL keeps a queue of errors for each thread, and
// takes what is left in it for the failure of whatever comes next: empties it.
std::string take_error() {
  auto code = ERR_peek_error();
  std::string result;
  if (ERR_SYSTEM_ERROR(code))
    result = std::system_category().message(ERR_GET_REASON(code));
  else if (const auto* reason = ERR_reason_error_string(code))
    result = reason;
  ERR_clear_error();
  return result;
}

void require(bool ok, const char* what, const std::string& file) {
  if (!ok)
    throw std::invalid_argument{std::string{what} + " '" + file
                                + "' cannot be used: " + take_error()};
}

int to_int(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, std::numeric_limits<int>::max()));
}

} // namespace

tls_context::tls_context(const std::string& certificate, const std::string& key,
                         const std::string& authority)
  : handle_(SSL_CTX_new(TLS_method())) {
  auto* x = handle_.get();
  if (x == nullptr)
    throw std::bad_alloc{};
  ERR_clear_error();
  SSL_CTX_set_min_proto_version(x, TLS1_2_VERSION);
  // OpenSSL would ask for a passphrase on the terminal.
  SSL_CTX_set_default_passwd_cb(x, [](char*, int, int, void*) { return -1; });
  require(SSL_CTX_use_certificate_chain_file(x, certificate.c_str()) == 1, "the certificate",
          certificate);
  require(SSL_CTX_use_PrivateKey_file(x, key.c_str(), SSL_FILETYPE_PEM) == 1, "the key", key);
  require(SSL_CTX_check_private_key(x) == 1, "the key", key);
  require(SSL_CTX_load_verify_locations(x, authority.c_str(), nullptr) == 1,
          "the authority's certificate", authority);
  SSL_CTX_set_verify(x, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  // Connections are few and last long: no earlier session is taken up.
  SSL_CTX_set_session_cache_mode(x, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(x, 0);
}

tls_session::tls_session(const tls_context& context, int fd, tls_role role)
  : handle_(SSL_new(context.handle_.get())) {
  if (handle_ == nullptr || SSL_set_fd(handle_.get(), fd) != 1)
    throw std::bad_alloc{};
  if (role == tls_role::server)
    SSL_set_accept_state(handle_.get());
  else
    SSL_set_connect_state(handle_.get());
}

bool tls_session::read(void* buffer, std::size_t capacity, std::size_t& size) {
  size = 0;
  ERR_clear_error();
  auto code = SSL_read(handle_.get(), buffer, to_int(capacity));
  if (code > 0)
    size = static_cast<std::size_t>(code);
  return result(code);
}

bool tls_session::shake_hands(std::size_t& size) {
  size = 0;
  ERR_clear_error();
  return result(SSL_do_handshake(handle_.get()));
}

bool tls_session::write(const void* buffer, std::size_t length, std::size_t& size) {
  size = 0;
  ERR_clear_error();
  auto code = SSL_write(handle_.get(), buffer, to_int(length));
  if (code > 0)
    size = static_cast<std::size_t>(code);
  return result(code);
}

bool tls_session::result(int code) {
  if (code > 0)
    return true;
  switch (SSL_get_error(handle_.get(), code)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: // what a handshake sends fits into the socket's buffer
      return true;
    case SSL_ERROR_ZERO_RETURN:
      return false;
    default:
      if (auto verified = SSL_get_verify_result(handle_.get()); verified != X509_V_OK)
        failure_ = X509_verify_cert_error_string(verified);
      else
        failure_ = take_error();
      ERR_clear_error();
      if (failure_.empty())
        failure_ = "connection lost";
      return false;
  }
}

} // namespace lockserver
