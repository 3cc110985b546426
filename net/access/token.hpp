// Tokens of identities, and their hashes. The server knows only the hashes. The cryptography
// is OpenSSL's.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace lockserver {

/// SHA-256 of the text of a token. A slow hash, as for passwords, is not needed: nobody can
/// guess 256 random bits.
using token_hash = std::array<unsigned char, 32>;

/// "lsk_" and 256 random bits as 43 characters of base64url.
/// @throws std::runtime_error when the system has no random bits.
std::string make_token();

/// Whether `x` has the form of a token.
bool is_token(std::string_view x) noexcept;

token_hash hash_of(std::string_view token) noexcept;

/// "sha256:" and 64 hex digits.
std::string to_string(const token_hash& x);

/// The inverse; none if `text` is wrong.
std::optional<token_hash> read_token_hash(std::string_view text);

/// Whether both are equal. The time does not depend on where they differ.
bool same_secret(std::string_view x, std::string_view y) noexcept;

} // namespace lockserver
