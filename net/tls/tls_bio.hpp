// Lets OpenSSL read and write memory of ours. Its own memory BIO keeps as much memory as
// was ever in it, and copies each byte once more.
#pragma once

#include "net/tls/tls.hpp"

namespace lockserver {

/// @param x outlives the result, which the caller frees.
BIO* new_bio(tls_buffers& x);

} // namespace lockserver
