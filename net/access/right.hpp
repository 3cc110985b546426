// The table of rights. Knows neither files nor requests.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lockserver {

enum class right : std::uint8_t {
  read,    ///< See holders and waiters: inspect, list, watch, check.
  acquire, ///< Acquire locks, renew and release them.
  force,   ///< Release locks of others, end leases of others.
  metrics, ///< Read the server's metrics.
  admin,   ///< Stop the server, see its settings.
};

struct right_row {
  right what;
  std::string_view name;
  bool is_about_keys; ///< Granted for a prefix of keys; otherwise for the whole server.
};

/// In the order of their values; those about keys first.
inline constexpr std::array<right_row, 5> all_rights{{{right::read, "read", true},
                                                      {right::acquire, "acquire", true},
                                                      {right::force, "force", true},
                                                      {right::metrics, "metrics", false},
                                                      {right::admin, "admin", false}}};

/// The number of rights about keys.
inline constexpr std::size_t key_rights = 3;

constexpr const right_row& row_of(right x) noexcept {
  return all_rights[static_cast<std::size_t>(x)];
}

constexpr std::optional<right> right_named(std::string_view name) noexcept {
  for (auto& x : all_rights)
    if (x.name == name)
      return x.what;
  return std::nullopt;
}

/// "read, acquire, …", for sentences.
inline std::string names_of_rights() {
  std::string result;
  for (auto& x : all_rights)
    result += (result.empty() ? "" : ", ") + std::string{x.name};
  return result;
}

/// Whether `x` includes `y`. A client that may acquire or end a lock may also see it: the
/// refusals name the holders.
constexpr bool implies(right x, right y) noexcept {
  return x == y || (y == right::read && (x == right::acquire || x == right::force));
}

/// The rights of one line of a role.
class right_set {
public:
  constexpr void add(right x) noexcept {
    bits_ = static_cast<std::uint8_t>(bits_ | bit(x));
  }

  /// Whether `x` was added.
  constexpr bool has(right x) const noexcept {
    return (bits_ & bit(x)) != 0;
  }

  /// Whether `x` was added, or is included in an added one.
  constexpr bool gives(right x) const noexcept {
    return std::any_of(all_rights.begin(), all_rights.end(),
                       [&](auto& row) { return has(row.what) && implies(row.what, x); });
  }

private:
  static constexpr unsigned bit(right x) noexcept {
    return 1u << static_cast<unsigned>(x);
  }

  std::uint8_t bits_ = 0;
};

} // namespace lockserver
