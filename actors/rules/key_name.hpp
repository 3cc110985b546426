// The rules for keys and requesters' names. Pure: bytes in, sentence out. Server and
// client use the same rules, so a client refuses early what the server would refuse.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lockserver {

/// The longest key or name, in bytes. Two of them still fit into a request
/// line of 8 KiB when every byte is percent-encoded.
inline constexpr std::size_t max_name_size = 512;

/// Returns an empty string if `value` may be a key or a name: 1 to `max_name_size` bytes
/// of well-formed UTF-8 without control characters (U+0000 to U+001F, U+007F to U+009F).
/// Otherwise returns a sentence that says what is wrong, such as "key is empty: it must
/// have 1 to 512 bytes".
/// @param what the name of the value in the sentence. The sentence contains nothing of
///        `value` itself, so it may be written to a header or a log.
std::string check_name(std::string_view what, std::string_view value);

/// The encoding of names in a target.
enum class name_encoding : std::uint8_t {
  percent, ///< Percent-encoded; a `%` without two hex digits is an error.
  query,   ///< The same, and a `+` is a space, as in forms.
  /// The encoding of Lock::Server's clients (HTTP/0.9), which do not encode at all: a `%`
  /// without two hex digits stands for itself.
  lenient,
};

/// Decodes `text` into `out`, and validates it as `check_name` does. Returns an error, or
/// an empty string.
std::string decode_name(std::string_view what, std::string_view text, name_encoding encoding,
                        std::string& out);

} // namespace lockserver
