#include "lockserver/errc.hpp"

#include <array>

namespace lockserver {

namespace {

// In the order of the values, the first of which is 1.
constexpr std::array<std::string_view, 17> names{
  "bad_request",    "held",         "wait_timeout",  "already_held",  "already_waiting",
  "limit_mismatch", "not_holder",   "wrong_owner",   "lease_expired", "too_many",
  "stopping",       "store_failed", "restart_grace", "server_error",  "unreachable",
  "timeout",        "cancelled"};

} // namespace

std::string to_string(errc x) {
  auto index = static_cast<std::size_t>(x) - 1;
  return index < names.size() ? std::string{names[index]} : "unknown";
}

bool from_string(std::string_view text, errc& out) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == text)
      return from_integer(static_cast<std::uint8_t>(i + 1), out);
  return false;
}

bool from_integer(std::uint8_t value, errc& out) {
  if (value == 0 || value > names.size())
    return false;
  out = static_cast<errc>(value);
  return true;
}

std::string detail_of(const caf::error& x) {
  const auto& context = x.context();
  if (context.match_elements<std::string>() && !context.get_as<std::string>(0).empty())
    return context.get_as<std::string>(0);
  return "CAF reports an error with the code " + std::to_string(x.code());
}

} // namespace lockserver
