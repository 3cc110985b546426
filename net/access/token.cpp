#include "net/access/token.hpp"

#include <boost/algorithm/hex.hpp>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>

namespace lockserver {

namespace {

constexpr std::string_view token_prefix = "lsk_"; // so that scanners for leaked secrets find it
constexpr std::string_view hash_prefix = "sha256:";
constexpr std::size_t secret_size = 32;
constexpr std::size_t text_size = 43; // of so many bytes in base64url without padding

bool is_base64url(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'
         || c == '_';
}

} // namespace

std::string make_token() {
  std::array<unsigned char, secret_size> secret{};
  if (RAND_priv_bytes(secret.data(), static_cast<int>(secret.size())) != 1)
    throw std::runtime_error{"the system has no random bits for a token"};
  std::array<unsigned char, text_size + 2> text{}; // the padding, and the zero behind it
  EVP_EncodeBlock(text.data(), secret.data(), static_cast<int>(secret.size()));
  OPENSSL_cleanse(secret.data(), secret.size());
  std::string result{token_prefix};
  std::transform(text.begin(), text.begin() + text_size, std::back_inserter(result),
                 [](unsigned char c) {
                   return c == '+' ? '-' : c == '/' ? '_' : static_cast<char>(c);
                 });
  OPENSSL_cleanse(text.data(), text.size());
  return result;
}

bool is_token(std::string_view x) noexcept {
  return x.size() == token_prefix.size() + text_size && x.starts_with(token_prefix)
         && std::all_of(x.begin() + token_prefix.size(), x.end(), is_base64url);
}

token_hash hash_of(std::string_view token) noexcept {
  token_hash result{};
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), result.data());
  return result;
}

std::string to_string(const token_hash& x) {
  std::string result{hash_prefix};
  boost::algorithm::hex_lower(x.begin(), x.end(), std::back_inserter(result));
  return result;
}

std::optional<token_hash> read_token_hash(std::string_view text) {
  token_hash result{};
  if (!text.starts_with(hash_prefix))
    return std::nullopt;
  text.remove_prefix(hash_prefix.size());
  auto is_hex = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  };
  if (text.size() != 2 * result.size() || !std::all_of(text.begin(), text.end(), is_hex))
    return std::nullopt;
  boost::algorithm::unhex(text.begin(), text.end(), result.begin());
  return result;
}

bool same_secret(std::string_view x, std::string_view y) noexcept {
  return x.size() == y.size() && CRYPTO_memcmp(x.data(), y.data(), x.size()) == 0;
}

} // namespace lockserver
