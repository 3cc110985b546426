// What a key and a requester's name may be made of. Pure: bytes in, sentence
// out. Server and client use the same rule, so that a client refuses early
// what the server would refuse anyway.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lockserver {

/// The longest key or name, in bytes. Two of them still fit into a request
/// line of 8 KiB when every byte is percent-encoded.
inline constexpr std::size_t max_name_size = 512;

/// Returns an empty string when `value` may be a key or a name: 1 to
/// `max_name_size` bytes of well-formed UTF-8 without control characters
/// (U+0000 to U+001F, U+007F to U+009F). Else one sentence that says what is
/// wrong, such as "key is empty: it must have 1 to 512 bytes".
/// @param what how the sentence calls the value. Nothing of `value` itself is
///        in the sentence, so it may go into a header or a log as it is.
std::string check_name(std::string_view what, std::string_view value);

/// How a client writes names into a target.
enum class name_encoding : std::uint8_t {
  percent, ///< Percent-encoded; a `%` without two hex digits is an error.
  query,   ///< The same, and a `+` is a space, as in forms.
  /// As Lock::Server's clients (HTTP/0.9) do it, which do not encode at all: a
  /// `%` without two hex digits stands for itself.
  lenient,
};

/// Decodes `text` into `out` and checks it as `check_name` does. Returns what
/// is wrong, or an empty string.
std::string decode_name(std::string_view what, std::string_view text, name_encoding encoding,
                        std::string& out);

} // namespace lockserver
