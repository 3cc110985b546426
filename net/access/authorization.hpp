// Parses the Authorization field of a request. Knows no identities.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace lockserver {

/// The field of a request.
struct authorization_field {
  std::string_view value{}; ///< Without spaces around it.
  unsigned count = 0;       ///< How many such fields the request has.
};

/// The content of the field.
struct credentials {
  std::string token; ///< In the right form.
  std::string user;  ///< The user name; may be empty.
};

/// The longest value. Basic with the longest name takes about 750 bytes.
inline constexpr std::size_t max_authorization = 1024;

/// Parses `Bearer TOKEN`, or `Basic` with the token as the password; the user name is the
/// name of the identity, or empty (RFC 6750, RFC 7617).
/// @return the credentials; or an error, as a sentence that contains nothing of the value
/// @pre the request has one such field
std::variant<credentials, std::string> read_authorization(std::string_view value);

} // namespace lockserver
