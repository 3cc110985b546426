// The error of an access file.
#pragma once

#include <stdexcept>

namespace lockserver {

/// The sentence says what is wrong, where, and what would be right. It contains no secrets,
/// and is printable ASCII.
struct access_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

} // namespace lockserver
