// Checks the requests of CAF clients by the rules of the HTTP dialects. Pure: a request
// in, a sentence out.
#pragma once

#include "actors/messages.hpp"
#include "lockserver/settings.hpp"

#include <string>

namespace lockserver {

/// Each returns a sentence that says what is wrong with the request and what would be
/// right, or an empty string. It also sets the server's defaults where the request names
/// no value.
std::string check(acquire_lock& x, const settings& config);
std::string check(release_request& x, const settings& config);
std::string check(renew_request& x, const settings& config);
std::string check(check_request& x, const settings& config);
std::string check(inspect_request& x, const settings& config);
std::string check(list_request& x, const settings& config);
std::string check(lease_create_request& x, const settings& config);
std::string check(lease_renew_request& x, const settings& config);
std::string check(lease_inspect_request& x, const settings& config);
std::string check(lease_end_request& x, const settings& config);

/// The request for the actors, made of a checked one, without a ticket. Leaves key, lease
/// and hold in `x`.
acquire_request to_acquire_request(acquire_lock& x);

} // namespace lockserver
