// Certificates that tests make for themselves, with the program openssl.
#pragma once

#include "lockserver/settings.hpp"
#include "lockserver/tls_files.hpp"

#include <memory>
#include <string>

namespace test {

/// An authority and the certificates that it has signed, in a folder that ends with this.
/// There is one from the start, "node", for this machine.
class authority {
public:
  explicit authority(const std::string& name);

  /// Signs NAME.pem, with the key NAME.key.
  /// @param names as openssl's subjectAltName.
  void issue(const std::string& name, const std::string& subject = "/CN=node",
             const std::string& names = "DNS:localhost,IP:127.0.0.1", int days = 2) const;

  /// Makes with-revoked.pem: the authority, and its list with this certificate.
  void revoke(const std::string& name) const;

  lockserver::tls_files files(const std::string& name = "node") const;
  std::string path(const std::string& file) const;

  /// Runs the program in the folder. Throws when it fails.
  void openssl(const std::string& arguments) const;

private:
  void run(const std::string& command) const;

  std::shared_ptr<void> folder_; // which ends with this
  std::string path_;
};

/// A server with TLS, by the certificate "node" of `x`.
lockserver::settings with_tls(const authority& x, lockserver::settings config = {});

/// Whether this run of the tests is over TLS wherever they do not say: then
/// LOCKSERVER_TEST_TLS is set.
bool over_tls();

/// Who signs for such a run.
const authority& common_authority();

} // namespace test
