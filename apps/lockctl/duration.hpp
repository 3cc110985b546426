// Reads and writes durations for people.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace lockserver::lockctl {

/// Reads a whole or decimal number with a unit (ms, s, m, h or d), such as 500ms, 1.5s,
/// 5m. A number without a unit counts seconds. Also reads several whole numbers with
/// descending units, such as 1h30m. None for anything else, and for more than a hundred
/// years.
std::optional<std::chrono::milliseconds> read_duration(std::string_view text);

/// Shows at most two units: "340ms", "12.3s", "4m05s", "2h30m", "3d04h".
std::string show_duration(std::chrono::milliseconds x);

} // namespace lockserver::lockctl
