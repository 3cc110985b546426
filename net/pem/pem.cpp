#include "net/pem/pem.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace lockserver::pem {

namespace {

// A bundle of all public authorities has 250 KB. Who names a device by mistake gets an
// error, and not all memory taken.
constexpr std::size_t max_size = 4 * 1024 * 1024;

[[noreturn]] void wrong(const file& x, const std::string& why) {
  throw std::invalid_argument{x.what + " '" + x.name + "' cannot be used: " + why};
}

[[noreturn]] void unreadable(const file& x) {
  wrong(x, std::system_category().message(errno));
}

class descriptor {
public:
  explicit descriptor(const file& x) : fd_(::open(x.name.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0)
      unreadable(x);
  }
  ~descriptor() {
    ::close(fd_);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;

  int get() const noexcept {
    return fd_;
  }

private:
  int fd_;
};

template <auto Free>
struct deleter {
  template <class T>
  void operator()(T* x) const noexcept {
    Free(x);
  }
};

void free_infos(STACK_OF(X509_INFO) * x) noexcept {
  sk_X509_INFO_pop_free(x, X509_INFO_free);
}

using bio = std::unique_ptr<BIO, deleter<BIO_free>>;
using certificate = std::unique_ptr<X509, deleter<X509_free>>;
using private_key = std::unique_ptr<EVP_PKEY, deleter<EVP_PKEY_free>>;
using infos = std::unique_ptr<STACK_OF(X509_INFO), deleter<free_infos>>;

bio reader_of(const file& x) {
  ERR_clear_error();
  bio result{BIO_new_mem_buf(x.content.data(), static_cast<int>(x.content.size()))};
  if (result == nullptr)
    throw std::bad_alloc{};
  return result;
}

// Called for the passphrase of what is encrypted; OpenSSL itself would ask on the terminal.
int note_encrypted(char*, int, int, void* encrypted) {
  if (encrypted != nullptr)
    *static_cast<bool*>(encrypted) = true;
  return -1;
}

} // namespace

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

file read(std::string what, const std::string& name, secrecy who) {
  file result{std::move(what), name, {}};
  descriptor from{result};
  struct stat info {};
  if (::fstat(from.get(), &info) != 0)
    unreadable(result);
  if (who == secrecy::owner_and_group && (info.st_mode & S_IRWXO) != 0)
    wrong(result, "others than its owner and group may access it: chmod o= " + name);
  std::array<char, 16 * 1024> buffer;
  for (;;) {
    auto size = ::read(from.get(), buffer.data(), buffer.size());
    if (size < 0 && errno != EINTR)
      unreadable(result);
    if (size == 0)
      return result;
    if (size > 0)
      result.content.append(buffer.data(), static_cast<std::size_t>(size));
    if (result.content.size() > max_size)
      wrong(result, "it is longer than " + std::to_string(max_size) + " bytes");
  }
}

void use_certificate(SSL_CTX& context, const file& x) {
  auto in = reader_of(x);
  certificate own{PEM_read_bio_X509_AUX(in.get(), nullptr, note_encrypted, nullptr)};
  if (own == nullptr || SSL_CTX_use_certificate(&context, own.get()) != 1)
    wrong(x, take_error());
  SSL_CTX_clear_chain_certs(&context);
  while (certificate next{PEM_read_bio_X509(in.get(), nullptr, note_encrypted, nullptr)})
    if (SSL_CTX_add1_chain_cert(&context, next.get()) != 1)
      wrong(x, take_error());
  // It ends by not finding another; a torn one is something else.
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
    wrong(x, take_error());
  ERR_clear_error();
}

void use_key(SSL_CTX& context, const file& x) {
  auto in = reader_of(x);
  auto encrypted = false;
  private_key key{PEM_read_bio_PrivateKey(in.get(), nullptr, note_encrypted, &encrypted)};
  if (key == nullptr && encrypted)
    wrong(x, "it is encrypted, and a program cannot ask for its passphrase: write it without "
             "one, as 'openssl pkey -in FILE -out NEW' does");
  if (key == nullptr)
    wrong(x, take_error());
  if (SSL_CTX_use_PrivateKey(&context, key.get()) != 1 || SSL_CTX_check_private_key(&context) != 1)
    wrong(x, "it is not the key of the certificate (" + take_error() + ")");
}

void use_authorities(SSL_CTX& context, const file& x) {
  auto in = reader_of(x);
  infos found{PEM_X509_INFO_read_bio(in.get(), nullptr, note_encrypted, nullptr)};
  if (found == nullptr)
    wrong(x, take_error());
  auto* store = SSL_CTX_get_cert_store(&context);
  auto certificates = 0;
  for (int i = 0; i < sk_X509_INFO_num(found.get()); ++i) {
    const auto* entry = sk_X509_INFO_value(found.get(), i);
    if (entry->x509 != nullptr) {
      ++certificates;
      // The names tell clients which of their certificates to show.
      if (X509_STORE_add_cert(store, entry->x509) != 1
          || SSL_CTX_add_client_CA(&context, entry->x509) != 1)
        wrong(x, take_error());
    }
    if (entry->crl != nullptr) {
      if (X509_STORE_add_crl(store, entry->crl) != 1)
        wrong(x, take_error());
      X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
    }
  }
  if (certificates == 0)
    wrong(x, "there is no certificate in it");
  ERR_clear_error();
}

} // namespace lockserver::pem
