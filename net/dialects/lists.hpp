// Lists as they are written in headers, tables and sentences: "GET, POST".
#pragma once

#include <string_view>

namespace lockserver {

/// Whether a list such as "GET, POST" contains `one`.
constexpr bool lists(std::string_view list, std::string_view one) noexcept {
  while (!list.empty()) {
    if (list.starts_with(one) && (list.size() == one.size() || list[one.size()] == ','))
      return true;
    auto comma = list.find(", ");
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 2);
  }
  return false;
}

} // namespace lockserver
