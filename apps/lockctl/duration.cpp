#include "apps/lockctl/duration.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <system_error>
#include <utility>

namespace lockserver::lockctl {

using std::chrono::milliseconds;

std::optional<milliseconds> read_duration(std::string_view text) {
  double number = 0;
  auto* end = text.data() + text.size();
  auto [rest, ec] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (ec != std::errc{} || !(number >= 0))
    return std::nullopt;
  static constexpr std::pair<std::string_view, double> units[]
    = {{"", 1e3}, {"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3}};
  std::string_view unit{rest, static_cast<std::size_t>(end - rest)};
  for (auto& [name, factor] : units)
    if (unit == name) {
      auto result = std::round(number * factor);
      if (result > 86400e3 * 36500)
        return std::nullopt;
      return milliseconds{static_cast<std::int64_t>(result)};
    }
  return std::nullopt;
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
