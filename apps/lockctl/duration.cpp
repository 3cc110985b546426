#include "apps/lockctl/duration.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <system_error>
#include <utility>

namespace lockserver::lockctl {

using std::chrono::milliseconds;

namespace {

struct part {
  double number = 0;
  double factor = 0;  // of the unit, in milliseconds
  bool exact = false; // a whole number with a unit
};

// Removes and returns the next part of the text.
std::optional<part> take_part(std::string_view& text) {
  static constexpr std::pair<std::string_view, double> units[]
    = {{"", 1e3}, {"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3}};
  part result;
  auto* end = text.data() + text.size();
  auto [rest, ec] = std::from_chars(text.data(), end, result.number, std::chars_format::fixed);
  if (ec != std::errc{} || !(result.number >= 0))
    return std::nullopt;
  auto digits = text.substr(0, static_cast<std::size_t>(rest - text.data()));
  text.remove_prefix(digits.size());
  auto unit = text.substr(0, text.find_first_of("0123456789."));
  text.remove_prefix(unit.size());
  result.exact = digits.find('.') == std::string_view::npos && !unit.empty();
  for (auto& [name, factor] : units)
    if (unit == name) {
      result.factor = factor;
      return result;
    }
  return std::nullopt;
}

} // namespace

std::optional<milliseconds> read_duration(std::string_view text) {
  auto x = take_part(text);
  if (!x)
    return std::nullopt;
  auto sum = x->number * x->factor;
  while (!text.empty()) {
    auto next = take_part(text);
    if (!next || !x->exact || !next->exact || next->factor >= x->factor)
      return std::nullopt;
    sum += next->number * next->factor;
    x = next;
  }
  sum = std::round(sum);
  if (!(sum <= 86400e3 * 36500))
    return std::nullopt;
  return milliseconds{static_cast<std::int64_t>(sum)};
}

std::string show_duration(milliseconds x) {
  auto ms = x.count();
  if (ms < 1000)
    return std::to_string(ms) + "ms";
  if (ms < 60'000) {
    auto tenths = ms % 1000 / 100;
    return std::to_string(ms / 1000) + (tenths == 0 ? "" : "." + std::to_string(tenths)) + "s";
  }
  auto two = [](std::int64_t high, const char* high_unit, std::int64_t low, const char* low_unit) {
    auto result = std::to_string(high) + high_unit;
    return low == 0 ? result : result + (low < 10 ? "0" : "") + std::to_string(low) + low_unit;
  };
  auto s = ms / 1000;
  if (s < 3600)
    return two(s / 60, "m", s % 60, "s");
  if (s < 86400)
    return two(s / 3600, "h", s % 3600 / 60, "m");
  return two(s / 86400, "d", s % 86400 / 3600, "h");
}

} // namespace lockserver::lockctl
