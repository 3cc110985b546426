// The files that TLS between a CAF client and the server needs.
#pragma once

#include <string>

namespace lockserver {

/// Names of PEM files. Each side sends its certificate, and accepts only peers whose
/// certificate was signed by the authority.
struct tls_files {
  std::string certificate;
  std::string key;       ///< Without a passphrase.
  std::string authority; ///< The certificate of the authority.
};

} // namespace lockserver
