// That a request does not get what it asks for, and why. Knows neither CAF nor HTTP.
#pragma once

#include "lockserver/errc.hpp"

#include <string>
#include <string_view>

namespace lockserver {

struct refusal {
  errc code = errc::bad_request; ///< Also says the HTTP status.
  std::string reason;            ///< One sentence: what is wrong, what would be right.
  std::string_view allow{};      ///< With status 405: the methods that are right.
  unsigned retry_after = 0;      ///< When to ask again, in seconds; 0: nobody knows.
};

/// The refusal with the outcome's own sentence.
refusal refusal_of(errc x);

/// The refusal of a change that cannot be stored.
/// @param problem why, as a sentence; empty if it could be by now.
refusal store_failed(const std::string& problem);

/// The refusal of a grant so soon after the start.
/// @param seconds until it is soon enough.
refusal restart_grace(unsigned seconds);

} // namespace lockserver
