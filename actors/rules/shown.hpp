// A name from outside, as far as it can be shown in a sentence and a log.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lockserver {

/// The first 64 bytes, with a `?` for each byte that is not printable ASCII.
inline std::string shown(std::string_view name) {
  constexpr std::size_t most = 64;
  std::string result{name.substr(0, most)};
  for (auto& c : result)
    if (c < ' ' || c > '~')
      c = '?';
  return result;
}

} // namespace lockserver
