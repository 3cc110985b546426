#include "net/tls/https_files.hpp"

#include <openssl/evp.h>

#include <new>
#include <stdexcept>
#include <utility>

namespace lockserver {

https_files https_files::read(const settings& x) {
  https_files result{pem::read("the certificate", x.tls_certificate),
                     pem::read("the key", x.tls_key, pem::secrecy::owner_and_group),
                     {},
                     x.tls_clients,
                     x.tls_min_version};
  if (!x.tls_clients_authority.empty())
    result.authority = pem::read("the clients' authority", x.tls_clients_authority);
  return result;
}

https_context::https_context(const settings& config) : config_(config) {
  auto files = https_files::read(config_);
  set(std::make_shared<tls_context>(files), digest_of(files));
}

std::shared_ptr<const tls_context> https_context::now() const {
  std::lock_guard guard{mutex_};
  return now_;
}

std::function<void()> https_context::prepare() {
  auto files = https_files::read(config_);
  auto next = digest_of(files);
  {
    std::lock_guard guard{mutex_};
    if (next == digest_)
      return {};
  }
  auto context = std::make_shared<tls_context>(files);
  if (context->has_expired())
    throw std::invalid_argument{"the certificate '" + files.certificate.name + "' has expired"};
  return [this, context, next] { set(context, next); };
}

void https_context::set(std::shared_ptr<const tls_context> x, const digest& of_files) {
  std::lock_guard guard{mutex_};
  now_ = std::move(x);
  digest_ = of_files;
  version_.fetch_add(1, std::memory_order_release);
}

// Of the contents: a time or a size may stay as it was when the name leads to another file.
https_context::digest https_context::digest_of(const https_files& x) {
  std::string all;
  auto add = [&all](const std::string& content) {
    all += std::to_string(content.size()) + ':' + content;
  };
  add(x.certificate.content);
  add(x.key.content);
  if (x.authority)
    add(x.authority->content);
  digest result{};
  if (EVP_Digest(all.data(), all.size(), result.data(), nullptr, EVP_sha256(), nullptr) != 1)
    throw std::bad_alloc{};
  return result;
}

} // namespace lockserver
