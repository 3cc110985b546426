#include "net/client/secure_context.hpp"

#include "net/pem/pem.hpp"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>

#include <new>
#include <stdexcept>

namespace lockserver {

namespace {

bool is_address(const std::string& name) {
  boost::system::error_code ec;
  boost::asio::ip::make_address(name, ec);
  return !ec;
}

} // namespace

secure_context::secure_context(const client_tls& files, const std::string& host)
  : handle_(SSL_CTX_new(TLS_client_method())),
    name_(files.server_name.empty() ? host : files.server_name) {
  auto* x = handle_.get();
  if (x == nullptr)
    throw std::bad_alloc{};
  if (files.certificate.empty() != files.key.empty())
    throw std::invalid_argument{
      "a client's certificate and its key go together: one is of no use without the other"};
  ERR_clear_error();
  SSL_CTX_set_min_proto_version(x, TLS1_2_VERSION);
  SSL_CTX_set_options(x, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(x, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE
                        | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_verify(x, SSL_VERIFY_PEER, nullptr);
  if (files.authority.empty())
    SSL_CTX_set_default_verify_paths(x);
  else
    pem::use_authorities(*x, pem::read("the authority's certificate", files.authority));
  if (files.certificate.empty())
    return;
  pem::use_certificate(*x, pem::read("the certificate", files.certificate));
  pem::use_key(*x, pem::read("the key", files.key));
}

ssl_pointer secure_context::new_session() const {
  ssl_pointer result{SSL_new(handle_.get())};
  if (result == nullptr)
    throw std::bad_alloc{};
  auto ok = false;
  if (is_address(name_)) {
    ok = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(result.get()), name_.c_str()) == 1;
  } else {
    // Servers with several names choose their certificate by it.
    ok = SSL_set1_host(result.get(), name_.c_str()) == 1
         && SSL_set_tlsext_host_name(result.get(), name_.c_str()) == 1;
  }
  if (!ok)
    throw std::invalid_argument{"'" + name_ + "' is no name that a certificate can be for"};
  return result;
}

std::string handshake_failure(const SSL& x, const std::string& otherwise) {
  auto verified = SSL_get_verify_result(&x);
  if (verified == X509_V_OK)
    return otherwise;
  return std::string{"certificate verify failed: "} + X509_verify_cert_error_string(verified);
}

} // namespace lockserver
