// Why a request is refused. Knows neither CAF nor HTTP.
#pragma once

#include "lockserver/errc.hpp"
#include "net/access/denial.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace lockserver {

struct refusal {
  errc code = errc::bad_request; ///< It also determines the HTTP status.
  std::string reason;            ///< One sentence: what is wrong, what would be right.
  std::string_view allow{};      ///< With status 405: the allowed methods.
  unsigned retry_after = 0;      ///< When to ask again, in seconds; 0: unknown.
  std::string_view right{};      ///< With `forbidden`: the missing right.
};

/// The sentence for a client whose certificate does not count any more.
inline constexpr std::string_view certificate_not_trusted
  = "the authorities have changed, and none of them has signed the certificate";

/// The refusal with the outcome's own sentence.
refusal refusal_of(errc x);

/// The refusal of a client that has as many of something as it may: "this client has 5 …".
refusal too_many(std::size_t most, const char* what);

/// The refusal for a client without the right.
refusal refusal_of(denial&& x);

/// The refusal of a change that cannot be stored.
/// @param problem why, as a sentence; empty if the store may work again by now.
refusal store_failed(const std::string& problem);

/// The refusal of a grant during the restart grace.
/// @param seconds until the end of the grace.
refusal restart_grace(unsigned seconds);

} // namespace lockserver
