#include "net/remote/caf_modules.hpp"

#include <caf/io/middleman.hpp>

#ifdef LOCKSERVER_TLS
#  include <caf/openssl/manager.hpp>
#endif

#include <fstream>
#include <string_view>

namespace lockserver::caf_modules {

namespace {

std::string check_pem(std::string_view what, const std::string& name) {
  if (name.empty())
    return "the " + std::string{what}
           + " is missing: TLS between CAF nodes needs a certificate, its key and the certificate "
             "of the authority, since each side checks the other";
  std::ifstream file{name};
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("-----BEGIN "))
      return {};
  return "the " + std::string{what} + " '" + name + "' cannot be read, or is no PEM file";
}

} // namespace

bool has_tls() noexcept {
#ifdef LOCKSERVER_TLS
  return true;
#else
  return false;
#endif
}

void init_types() {
  compat::init_module_types<caf::io::middleman>();
#ifdef LOCKSERVER_TLS
  compat::init_module_types<caf::openssl::manager>();
#endif
}

std::string load(caf::actor_system_config& cfg, const compat::tls_files& files) {
  cfg.load<caf::io::middleman>();
  if (files.certificate.empty() && files.key.empty() && files.authority.empty())
    return {};
  if (!has_tls())
    return "this build has no TLS between CAF nodes: CAF's OpenSSL module was not found";
  for (auto [what, name] :
       {std::pair{"certificate", &files.certificate}, std::pair{"key", &files.key},
        std::pair{"authority's certificate", &files.authority}})
    if (auto wrong = check_pem(what, *name); !wrong.empty())
      return wrong;
#ifdef LOCKSERVER_TLS
  cfg.load<caf::openssl::manager>();
#endif
  // CAF 1.1 knows the names of these options once the module is loaded.
  compat::set_tls(cfg, files);
  return {};
}

} // namespace lockserver::caf_modules
