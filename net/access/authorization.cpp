#include "net/access/authorization.hpp"

#include "actors/rules/same_text.hpp"
#include "net/access/token.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace lockserver {

namespace {

bool is_base64(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+'
         || c == '/';
}

// OpenSSL's decoder ignores spaces and decodes padding as zeros, so the text is checked
// before.
std::optional<std::string> decode_base64(std::string_view text) {
  auto padding = text.ends_with("==") ? 2u : text.ends_with('=') ? 1u : 0u;
  if (text.size() % 4 != 0 || !std::all_of(text.begin(), text.end() - padding, is_base64))
    return std::nullopt;
  std::string result(text.size() / 4 * 3, '\0');
  auto size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(result.data()),
                              reinterpret_cast<const unsigned char*>(text.data()),
                              static_cast<int>(text.size()));
  if (size < 0)
    return std::nullopt;
  result.resize(static_cast<std::size_t>(size) - padding);
  return result;
}

constexpr auto no_token
  = "must be a token, lsk_ and 43 characters, as lockserver-caf token prints it";

std::variant<credentials, std::string> read_basic(std::string_view value) {
  auto text = decode_base64(value);
  if (!text)
    return "the value of Authorization: Basic is not base64";
  auto colon = text->find(':');
  if (colon == std::string::npos)
    return "Authorization: Basic has no password: it must be a user name, a colon and a token";
  credentials result{text->substr(colon + 1), text->substr(0, colon)};
  if (!is_token(result.token))
    return std::string{"the password of Authorization: Basic "} + no_token;
  return result;
}

} // namespace

std::variant<credentials, std::string> read_authorization(std::string_view value) {
  if (value.size() > max_authorization)
    return "the Authorization field is longer than " + std::to_string(max_authorization) + " bytes";
  auto scheme = value.substr(0, value.find(' '));
  value.remove_prefix(scheme.size());
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  if (same_text(scheme, "Basic"))
    return read_basic(value);
  if (!same_text(scheme, "Bearer"))
    return "the scheme of the Authorization field must be Bearer or Basic";
  if (!is_token(value))
    return std::string{"the value of Authorization: Bearer "} + no_token;
  return credentials{std::string{value}, {}};
}

} // namespace lockserver
