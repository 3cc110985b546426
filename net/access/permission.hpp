// Decides whether a principal may perform an operation. Knows no requests, actors or time.
#pragma once

#include "net/access/denial.hpp"
#include "net/access/operation.hpp"
#include "net/access/principal.hpp"

#include <optional>
#include <string_view>

namespace lockserver {

/// What a request is about.
struct access_wish {
  operation what = operation::health;
  std::string_view key{};                  ///< With some operations a prefix of keys.
  std::optional<std::string_view> owner{}; ///< The owner that it names, if any.
};

/// Why `who` may not do `x`; none if it may. The answer does not depend on whether the key
/// exists. Whether `who` has a certain lock is decided by the key.
std::optional<denial> refuse(const principal& who, const access_wish& x);

} // namespace lockserver
