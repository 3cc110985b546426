// A server of TLS whose client's records are damaged: it reads nothing but what the client
// wrote, it keeps a bounded answer, and it ends or waits. A client that is not damaged is
// understood.
#include "net/tls/https_files.hpp"
#include "net/tls/tls.hpp"

#include "tests/fuzz/fuzz.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>

using fuzz::require;
using lockserver::tls_context;
using lockserver::tls_session;

namespace {

template <auto Free>
struct freed {
  template <class T>
  void operator()(T* x) const noexcept {
    Free(x);
  }
};
using bio = std::unique_ptr<BIO, freed<BIO_free>>;
using key = std::unique_ptr<EVP_PKEY, freed<EVP_PKEY_free>>;
using certificate = std::unique_ptr<X509, freed<X509_free>>;
using context = std::unique_ptr<SSL_CTX, freed<SSL_CTX_free>>;
using session = std::unique_ptr<SSL, freed<SSL_free>>;

std::string taken_from(BIO* x) {
  std::string result(BIO_ctrl_pending(x), '\0');
  result.resize(static_cast<std::size_t>(
    std::max(BIO_read(x, result.data(), static_cast<int>(result.size())), 0)));
  return result;
}

// A certificate that has signed itself.
lockserver::https_files make_files() {
  key secret{EVP_EC_gen("P-256")};
  certificate own{X509_new()};
  X509_gmtime_adj(X509_getm_notBefore(own.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(own.get()), 86400);
  X509_set_pubkey(own.get(), secret.get());
  X509_sign(own.get(), secret.get(), EVP_sha256());
  bio text{BIO_new(BIO_s_mem())};
  PEM_write_bio_X509(text.get(), own.get());
  auto certificate_text = taken_from(text.get());
  PEM_write_bio_PrivateKey(text.get(), secret.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {{"the certificate", "", certificate_text},
          {"the key", "", taken_from(text.get())},
          {},
          lockserver::client_certificates::no,
          lockserver::tls_version::v1_2};
}

// A client that writes a text as soon as it can.
class client {
public:
  client() : handle_(SSL_new(shared().get())) {
    SSL_set_connect_state(handle_.get());
    SSL_set_bio(handle_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  }

  /// What it sends after it has read this.
  std::string answer(const std::string& from_server, const std::string& text) {
    if (!from_server.empty())
      BIO_write(SSL_get_rbio(handle_.get()), from_server.data(),
                static_cast<int>(from_server.size()));
    std::array<char, 1024> ignored{};
    SSL_read(handle_.get(), ignored.data(), static_cast<int>(ignored.size()));
    if (!has_written_ && SSL_is_init_finished(handle_.get()) != 0)
      has_written_ = SSL_write(handle_.get(), text.data(), static_cast<int>(text.size())) > 0;
    return taken_from(SSL_get_wbio(handle_.get()));
  }

private:
  static const context& shared() {
    static const context x{SSL_CTX_new(TLS_client_method())};
    return x;
  }

  session handle_;
  bool has_written_ = false;
};

std::string damaged(std::string wire, fuzz::input& input) {
  if (wire.empty())
    return wire;
  auto at = (256 * input.number(255) + input.number(255)) % wire.size();
  switch (input.number(3)) {
    case 0:
      wire[at] = static_cast<char>(wire[at] ^ static_cast<char>(1 + input.number(254)));
      return wire;
    case 1:
      return wire.substr(0, at);
    case 2:
      return wire.erase(at, 1 + input.number(63));
    default:
      return wire.insert(at, wire, 0, 1 + input.number(255));
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const tls_context here{make_files()};
  fuzz::input input{data, size};
  lockserver::tls_buffers buffers;
  tls_session server{here, buffers, lockserver::tls_role::server};
  std::string got;
  // Returns whether it goes on.
  auto reads = [&](std::string_view wire) {
    buffers.in = wire;
    for (;;) {
      std::array<char, 512> some{};
      std::size_t count = 0;
      auto goes_on = server.read(some.data(), some.size(), count);
      got.append(some.data(), count);
      if (!goes_on || count == 0)
        return goes_on;
    }
  };
  // The flight of the client that is damaged; 0: what comes is no TLS of a client at all.
  auto flight = input.number(4);
  if (flight == 0) {
    reads(input.rest());
    require(got.empty(), "nothing is read before the handshake");
    require(buffers.out.size() < 16 * 1024, "the answer is bounded");
    return 0;
  }
  const std::string text = "GET /LOCK/key/me HTTP/1.1\r\nHost: localhost\r\n\r\n";
  client peer;
  std::string from_server;
  auto is_damaged = false;
  for (unsigned round = 1; round <= 4; ++round) {
    auto wire = peer.answer(from_server, text);
    if (round == flight) {
      auto broken = damaged(wire, input);
      is_damaged = broken != wire;
      wire = std::move(broken);
    }
    auto goes_on = reads(wire);
    require(text.starts_with(got), "nothing is read but what was written, and that once");
    require(buffers.out.size() < 64 * 1024, "the answer is bounded");
    if (!goes_on)
      break;
    from_server = std::exchange(buffers.out, {});
  }
  require(is_damaged || got == text, "what is not damaged is understood");
  return 0;
}
