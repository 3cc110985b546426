// The refusal of a request by the access rules, and its reason. Knows no HTTP.
#pragma once

#include "lockserver/errc.hpp"
#include "net/access/right.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace lockserver {

struct denial {
  /// `unauthenticated`, `forbidden`, `owner_not_yours`, `tls_required` or `too_many`.
  errc why = errc::forbidden;
  std::string sentence; ///< What is wrong, what would be right. Contains nothing of the request.
  std::optional<right> missing{};          ///< With `forbidden`.
  std::chrono::nanoseconds retry_after{0}; ///< With `too_many`: when to ask again.
  std::string identity{};                  ///< Who was refused, if that is known.
};

/// The denial for a client that is not identified.
inline denial unauthenticated(std::string sentence) {
  return {errc::unauthenticated, std::move(sentence)};
}

/// The denial after too many failed logins.
inline denial too_many_logins(std::chrono::nanoseconds wait) {
  return {
    errc::too_many, "too many requests with wrong credentials came from this address", {}, wait};
}

/// The denial for too many requests a second.
inline denial too_many_requests(std::chrono::nanoseconds wait) {
  return {errc::too_many,
          "the client sends more requests a second than it may, see rate_limit",
          {},
          wait};
}

} // namespace lockserver
