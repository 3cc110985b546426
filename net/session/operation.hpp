// What a client can ask for, whatever the dialect: mostly what the actors say.
#pragma once

#include "actors/messages.hpp"
#include "net/session/http_content.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace lockserver {

/// Asks for a lock. The session gives `request` its ticket.
struct acquire_operation {
  acquire_request request;
  std::string lease{};          ///< Not empty: the name of the lease it lives with.
  bool hold_connection = false; ///< The grant also ends when the connection does.
};

/// Asks for the server's settings and counts.
struct server_info_operation {};

/// Asks whether the server takes new work.
struct readiness_operation {};

/// Asks the server to stop.
struct shutdown_operation {};

/// The answer is known without asking anyone.
struct known_answer {
  http_content content; ///< Of static storage.
};

/// Nothing: the request is not answered as it wished.
struct refusal {
  errc code = errc::bad_request; ///< Also says the HTTP status.
  std::string reason;            ///< One sentence: what is wrong, what would be right.
  std::string_view allow{};      ///< With status 405: the methods that are right.
  unsigned retry_after = 0;      ///< When to ask again, in seconds; 0: nobody knows.
};

using operation
  = std::variant<acquire_operation, renew_request, release_request, check_request, inspect_request,
                 list_request, lease_create_request, lease_renew_request, lease_inspect_request,
                 lease_end_request, server_info_operation, readiness_operation, shutdown_operation,
                 known_answer, refusal>;

} // namespace lockserver
