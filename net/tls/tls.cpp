#include "net/tls/tls.hpp"

#include "net/pem/pem.hpp"
#include "net/tls/https_files.hpp"
#include "net/tls/tls_bio.hpp"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <limits>
#include <new>
#include <stdexcept>

namespace lockserver {

namespace {

int to_int(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, std::numeric_limits<int>::max()));
}

SSL_CTX* new_context(tls_version least) {
  auto* x = SSL_CTX_new(TLS_method());
  if (x == nullptr)
    throw std::bad_alloc{};
  ERR_clear_error();
  SSL_CTX_set_min_proto_version(x, least == tls_version::v1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
  return x;
}

// RFC 7301. A client that asks for none of the protocols that are served is told so; who
// names no protocol gets HTTP/1.1 as well.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned in_size, void*) {
  static constexpr unsigned char served[] = "\x08http/1.1\x08http/1.0";
  unsigned char* chosen = nullptr;
  auto found = SSL_select_next_proto(&chosen, out_size, served, sizeof(served) - 1, in, in_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

} // namespace

tls_context::tls_context(const std::string& certificate, const std::string& key,
                         const std::string& authority)
  : handle_(new_context(tls_version::v1_2)) {
  auto* x = handle_.get();
  pem::use_certificate(*x, pem::read("the certificate", certificate));
  pem::use_key(*x, pem::read("the key", key));
  pem::use_authorities(*x, pem::read("the authority's certificate", authority));
  SSL_CTX_set_verify(x, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  // Connections are few and last long: no earlier session is taken up.
  SSL_CTX_set_session_cache_mode(x, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(x, 0);
}

tls_context::tls_context(const https_files& files) : handle_(new_context(files.least)) {
  auto* x = handle_.get();
  SSL_CTX_set_options(x, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION
                           | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // A connection that waits has no buffers.
  SSL_CTX_set_mode(x, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_max_send_fragment(x, max_record_written);
  // Those of 1.2; of 1.3 all are as good.
  SSL_CTX_set_cipher_list(x, "ECDHE+AESGCM:ECDHE+CHACHA20");
  pem::use_certificate(*x, files.certificate);
  pem::use_key(*x, files.key);
  if (files.authority)
    pem::use_authorities(*x, *files.authority);
  if (files.clients == client_certificates::accept)
    SSL_CTX_set_verify(x, SSL_VERIFY_PEER, nullptr);
  else if (files.clients == client_certificates::require)
    SSL_CTX_set_verify(x, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_alpn_select_cb(x, choose_protocol, nullptr);
  // A client that comes again spares both a signature. What it shows for that is sealed by
  // a key of this context: after a change of the files it does not count any more.
  SSL_CTX_set_session_cache_mode(x, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(x, 1);
  static constexpr unsigned char name[] = "lockserver";
  SSL_CTX_set_session_id_context(x, name, sizeof(name) - 1);
}

bool tls_context::has_expired() const noexcept {
  const auto* own = SSL_CTX_get0_certificate(handle_.get());
  return own != nullptr && X509_cmp_current_time(X509_get0_notAfter(own)) < 0;
}

bool tls_context::trusts(X509& certificate, STACK_OF(X509) * between) const {
  ERR_clear_error();
  std::unique_ptr<X509_STORE_CTX, void (*)(X509_STORE_CTX*)> look{X509_STORE_CTX_new(),
                                                                  X509_STORE_CTX_free};
  auto ok = look != nullptr
            && X509_STORE_CTX_init(look.get(), SSL_CTX_get_cert_store(handle_.get()), &certificate,
                                   between)
                 == 1
            && X509_STORE_CTX_set_default(look.get(), "ssl_client") == 1
            && X509_verify_cert(look.get()) == 1;
  ERR_clear_error();
  return ok;
}

tls_session::tls_session(const tls_context& context, tls_role role)
  : handle_(SSL_new(context.handle_.get())) {
  if (handle_ == nullptr)
    throw std::bad_alloc{};
  if (role == tls_role::server)
    SSL_set_accept_state(handle_.get());
  else
    SSL_set_connect_state(handle_.get());
}

tls_session::tls_session(const tls_context& context, int fd, tls_role role)
  : tls_session(context, role) {
  if (SSL_set_fd(handle_.get(), fd) != 1)
    throw std::bad_alloc{};
}

tls_session::tls_session(const tls_context& context, tls_buffers& buffers, tls_role role)
  : tls_session(context, role) {
  auto* bio = new_bio(buffers);
  SSL_set_bio(handle_.get(), bio, bio);
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

void tls_session::end() {
  ERR_clear_error();
  SSL_shutdown(handle_.get());
  ERR_clear_error();
}

namespace {

std::string text_of(const ASN1_STRING& x) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(&x)),
          static_cast<std::size_t>(ASN1_STRING_length(&x))};
}

std::string subject_of(X509& certificate) {
  std::unique_ptr<BIO, int (*)(BIO*)> out{BIO_new(BIO_s_mem()), BIO_free};
  // As 'openssl x509 -subject -nameopt RFC2253' shows it.
  if (out == nullptr
      || X509_NAME_print_ex(out.get(), X509_get_subject_name(&certificate), 0, XN_FLAG_RFC2253) < 0)
    throw std::bad_alloc{};
  char* text = nullptr;
  auto size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

void add_alternatives(X509& certificate, std::vector<std::string>& out) {
  std::unique_ptr<GENERAL_NAMES, void (*)(GENERAL_NAMES*)> names{
    static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)),
    GENERAL_NAMES_free};
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    auto kind = 0;
    const auto* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &kind);
    const auto* prefix = kind == GEN_URI     ? "URI:"
                         : kind == GEN_DNS   ? "DNS:"
                         : kind == GEN_EMAIL ? "EMAIL:"
                                             : nullptr;
    if (prefix != nullptr)
      out.push_back(prefix + text_of(*static_cast<const ASN1_STRING*>(value)));
  }
}

} // namespace

peer_names tls_session::peer() const {
  peer_names result;
  if (auto* certificate = SSL_get0_peer_certificate(handle_.get())) {
    add_alternatives(*certificate, result.alternatives);
    result.subject = "DN:" + subject_of(*certificate);
  }
  return result;
}

bool tls_session::is_trusted_by(const tls_context& now) const {
  auto* certificate = SSL_get0_peer_certificate(handle_.get());
  return certificate == nullptr || now.trusts(*certificate, SSL_get0_verified_chain(handle_.get()));
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
        failure_ = pem::take_error();
      ERR_clear_error();
      if (failure_.empty())
        failure_ = "connection lost";
      return false;
  }
}

} // namespace lockserver
