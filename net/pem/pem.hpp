// Certificates and keys as files have them (PEM). Knows neither connections nor settings.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>

namespace lockserver::pem {

/// A file that has been read once: what is checked is what is used, even if the file
/// changes meanwhile.
struct file {
  std::string what; ///< "the certificate"; for messages.
  std::string name;
  std::string content;
};

/// Who may read a file.
enum class secrecy : std::uint8_t {
  open,
  owner_and_group, ///< It is refused when others may read it.
};

/// Throws `std::invalid_argument` with a sentence that names the file.
file read(std::string what, const std::string& name, secrecy who = secrecy::open);

// Each puts what is in the file into a context; throws as `read`.

/// A certificate, and those between it and its authority.
void use_certificate(SSL_CTX& context, const file& x);

/// The key of the certificate that is there already, without a passphrase.
void use_key(SSL_CTX& context, const file& x);

/// The authorities that peers' certificates must come from, and their lists of revoked
/// certificates. With one list in the file, each authority needs one.
void use_authorities(SSL_CTX& context, const file& x);

/// Why the last call of OpenSSL in this thread failed. Empties the queue in which it keeps
/// such reasons: what is left there counts for whatever comes next.
std::string take_error();

} // namespace lockserver::pem
