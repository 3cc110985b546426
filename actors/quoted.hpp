// How a text that a client has chosen stands in the log. Knows no actors.
#pragma once

#include "actors/rules/holder_name.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>
#include <string_view>

namespace lockserver {

/// For the log: `log.debug("owner={}", quoted{owner})`. A text of printable ASCII
/// stands as it is; one with blanks, quotes, backslashes or `=`, an empty one,
/// and any other stands in quotes, with `\"`, `\\`, and `\xNN` for each byte that
/// is not printable ASCII. So no client can add a field or a line to the log, or
/// tell a terminal something.
struct quoted {
  std::string_view text;

  static constexpr bool is_printable(char x) noexcept {
    return x >= ' ' && x <= '~';
  }
  constexpr bool is_plain() const noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char x) {
      return is_printable(x) && std::string_view{" \"\\="}.find(x) == std::string_view::npos;
    });
  }
};

/// A holder's name for the log: `owner=web`, or `owner=web identity=ci`.
struct logged_holder {
  std::string_view name;
};

} // namespace lockserver

template <>
struct fmt::formatter<lockserver::quoted> {
  constexpr auto parse(format_parse_context& context) {
    return context.begin();
  }

  template <class Context>
  auto format(const lockserver::quoted& x, Context& context) const {
    auto out = context.out();
    if (x.is_plain())
      return std::copy(x.text.begin(), x.text.end(), out);
    *out++ = '"';
    for (auto c : x.text) {
      if (!lockserver::quoted::is_printable(c)) {
        out = fmt::format_to(out, "\\x{:02x}", static_cast<unsigned char>(c));
        continue;
      }
      if (c == '"' || c == '\\')
        *out++ = '\\';
      *out++ = c;
    }
    *out++ = '"';
    return out;
  }
};

template <>
struct fmt::formatter<lockserver::logged_holder> : fmt::formatter<lockserver::quoted> {
  template <class Context>
  auto format(const lockserver::logged_holder& x, Context& context) const {
    auto [identity, owner] = lockserver::parts_of(x.name);
    auto out = fmt::format_to(context.out(), "owner={}", lockserver::quoted{owner});
    if (!identity.empty())
      out = fmt::format_to(out, " identity={}", lockserver::quoted{identity});
    return out;
  }
};
