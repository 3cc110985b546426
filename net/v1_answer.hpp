// The answers of the JSON dialect (/v1), from HTTP to C++ values. Pure: does no
// input or output, so that the blocking and the asynchronous client share it.
#pragma once

#include "lockserver/boot_clock.hpp"
#include "lockserver/client_error.hpp"
#include "lockserver/client_types.hpp"
#include "net/http_call.hpp"

#include <string>

namespace lockserver::v1 {

/// Each returns what the answer says, or the problem: the server's, or that
/// there is no answer (`x.error`), or that it makes no sense.
/// @param server whom a problem without words of the server's is about.

/// @param sent a time before the first byte of the request was sent.
client::answer<client::grant> read_grant(const exchange_result& x, const std::string& server,
                                         boot_clock::time_point sent);
client::answer<client::done> read_done(const exchange_result& x, const std::string& server);

/// Whether there was anything to release.
client::answer<bool> read_released(const exchange_result& x, const std::string& server);
client::answer<client::lock_info> read_lock(const exchange_result& x, const std::string& server);
client::answer<client::lock_page> read_page(const exchange_result& x, const std::string& server);
client::answer<client::lease> read_lease(const exchange_result& x, const std::string& server);
client::answer<client::lease_info> read_lease_info(const exchange_result& x,
                                                   const std::string& server);
client::answer<client::server_info> read_server(const exchange_result& x,
                                                const std::string& server);

/// The problem of a request that must not be sent.
client::problem refused(std::string sentence);

} // namespace lockserver::v1
