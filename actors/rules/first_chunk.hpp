// The minimum of a chunked body that Beast's parser must see at once.
#pragma once

#include <string_view>

namespace lockserver {

/// Whether `input`, the beginning of a chunked body, must be kept until more arrives. A
/// body that begins with its last chunk has at least five bytes. Beast fails an assertion
/// if it sees a shorter beginning of it twice.
constexpr bool is_cut_short(std::string_view input) noexcept {
  constexpr std::string_view shortest = "0\r\n\r\n";
  return input.size() < shortest.size() && input.starts_with('0');
}

} // namespace lockserver
