#include "apps/lockctl/printable.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace lockserver::lockctl {

namespace {

struct character {
  std::size_t length = 0; // in bytes; 0: not UTF-8
  char32_t value = 0;
};

// The first character of a text that is not empty.
character first_of(std::string_view text) {
  auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  auto first = byte(0);
  if (first < 0x80)
    return {1, first};
  // Shorter forms, and larger values, are not UTF-8.
  static constexpr std::array<std::pair<char32_t, char32_t>, 5> ranges{
    {{}, {}, {0x80, 0x7FF}, {0x800, 0xFFFF}, {0x10000, 0x10FFFF}}};
  auto length = first >= 0xF0 ? 4u : first >= 0xE0 ? 3u : 2u;
  if (first < 0xC0 || first >= 0xF8 || text.size() < length)
    return {};
  char32_t value = first & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80)
      return {};
    value = (value << 6) | (byte(i) & 0x3Fu);
  }
  auto surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < ranges[length].first || value > ranges[length].second || surrogate)
    return {};
  return {length, value};
}

bool harmless(char32_t x) {
  static constexpr std::array<std::pair<char32_t, char32_t>, 7> others{{
    {0x00, 0x1F},     // C0
    {0x7F, 0x9F},     // DEL and C1, such as the one-character form of "ESC ["
    {0x061C, 0x061C}, // marks of direction
    {0x200E, 0x200F},
    {0x2028, 0x202E}, // separators of lines and paragraphs, embeddings and overrides
    {0x2066, 0x2069}, // isolates
    {0xFEFF, 0xFEFF}, // the byte order mark: invisible
  }};
  return std::none_of(others.begin(), others.end(),
                      [x](auto& range) { return x >= range.first && x <= range.second; });
}

std::string hex(std::uint32_t x, std::size_t digits) {
  std::string result;
  for (; result.size() < digits || x != 0; x >>= 4)
    result += "0123456789abcdef"[x & 15];
  std::reverse(result.begin(), result.end());
  return result;
}

// @param escape returns the replacement of a character, or of a byte (length 0).
template <class Escape>
std::string escaped(std::string_view text, Escape escape) {
  std::string result;
  while (!text.empty()) {
    auto next = first_of(text);
    auto length = std::max<std::size_t>(next.length, 1);
    if (next.length != 0 && harmless(next.value))
      result += text.substr(0, length);
    else
      result += escape(next, static_cast<unsigned char>(text[0]));
    text.remove_prefix(length);
  }
  return result;
}

} // namespace

std::string printable(std::string_view text) {
  return escaped(text, [](character x, unsigned char byte) -> std::string {
    if (x.value == '\n')
      return "\\n";
    if (x.value == '\t')
      return "\\t";
    return x.value < 0x80 ? "\\x" + hex(byte, 2) : "\\u{" + hex(x.value, 4) + "}";
  });
}

std::string printable_json(std::string_view json) {
  return escaped(json, [](character x, unsigned char byte) {
    return x.length != 0 ? "\\u" + hex(x.value, 4) : std::string(1, static_cast<char>(byte));
  });
}

} // namespace lockserver::lockctl
