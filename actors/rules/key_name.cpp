#include "actors/rules/key_name.hpp"

#include <ostream> // Boost.URL does not include it

#include <boost/url/pct_string_view.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>

namespace lockserver {

namespace {

std::string sentence(std::string_view what, std::string_view rest) {
  std::string result{what};
  result += rest;
  return result;
}

bool is_plain_ascii(char c) {
  return c >= 0x20 && c < 0x7f;
}

// Returns the length of the character that `s` starts with, and the character; length 0
// if the bytes are not valid. The table is Unicode's "Well-Formed UTF-8 Byte Sequences".
// The range of the second byte excludes overlong forms, surrogates and everything above
// U+10FFFF.
struct decoded {
  std::size_t length = 0;
  char32_t value = 0;
};

decoded decode_first(std::string_view s) {
  auto byte = [s](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  auto first = byte(0);
  if (first < 0x80)
    return {1, first};
  auto length = std::size_t{0};
  auto low = 0x80;
  auto high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0)
      low = 0xA0;
    else if (first == 0xED)
      high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0)
      low = 0x90;
    else if (first == 0xF4)
      high = 0x8F;
  }
  if (length == 0 || s.size() < length || byte(1) < low || byte(1) > high)
    return {};
  auto value = static_cast<char32_t>(first & (0x7F >> length));
  for (auto i = std::size_t{1}; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80)
      return {};
    value = (value << 6) | (byte(i) & 0x3Fu);
  }
  return {length, value};
}

bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F);
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Escapes each `%` that does not begin an escape.
std::string escape_stray_percents(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    result += text[i];
    if (text[i] == '%' && !(i + 2 < text.size() && is_hex(text[i + 1]) && is_hex(text[i + 2])))
      result += "25";
  }
  return result;
}

} // namespace

std::string check_name(std::string_view what, std::string_view value) {
  if (value.empty())
    return sentence(what, " is empty: it must have 1 to 512 bytes");
  if (value.size() > max_name_size)
    return sentence(what, " has " + std::to_string(value.size()) + " bytes: it must have 1 to 512");
  // Nearly all names are ASCII and end here.
  auto rest = std::find_if_not(value.begin(), value.end(), is_plain_ascii);
  auto at = static_cast<std::size_t>(rest - value.begin());
  while (at < value.size()) {
    auto next = decode_first(value.substr(at));
    if (next.length == 0)
      return sentence(what, " is not UTF-8 at byte " + std::to_string(at + 1));
    if (is_control(next.value))
      return sentence(what, " has a control character at byte " + std::to_string(at + 1));
    at += next.length;
  }
  return {};
}

std::string decode_name(std::string_view what, std::string_view text, name_encoding encoding,
                        std::string& out) {
  auto in_form = encoding == name_encoding::query;
  if (text.find('%') == std::string_view::npos
      && !(in_form && text.find('+') != std::string_view::npos)) {
    out = text;
    return check_name(what, out);
  }
  auto encoded = encoding == name_encoding::lenient ? escape_stray_percents(text)
                                                    : std::string{text};
  auto decoded = boost::urls::make_pct_string_view(encoded);
  if (!decoded)
    return std::string{what}
           + " is not percent-encoded correctly: % must be followed by two hex digits";
  boost::urls::encoding_opts how;
  how.space_as_plus = in_form;
  out.clear();
  decoded->decode(how, boost::urls::string_token::assign_to(out));
  return check_name(what, out);
}

} // namespace lockserver
