// How much of a chunked body Beast's parser must see at once.
#pragma once

#include <string_view>

namespace lockserver {

/// Whether `input`, the beginning of a chunked body, is to be kept until more of it
/// comes. A last chunk that is also the first has at least five bytes, and Beast asserts
/// that it does when it looks at a beginning of it the second time.
constexpr bool is_cut_short(std::string_view input) noexcept {
  constexpr std::string_view shortest = "0\r\n\r\n";
  return input.size() < shortest.size() && input.starts_with('0');
}

} // namespace lockserver
