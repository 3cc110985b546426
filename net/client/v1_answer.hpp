// Converts the answers of the JSON dialect (/v1) from HTTP to C++ values. Pure: no input
// or output.
#pragma once

#include "lockserver/boot_clock.hpp"
#include "lockserver/client_error.hpp"
#include "lockserver/client_types.hpp"
#include "net/client/http_call.hpp"

#include <string>

namespace lockserver::v1 {

/// The request that a grant must answer.
struct grant_request {
  std::string key{};
  std::string owner{};
  boot_clock::time_point sent{}; ///< Taken before its first byte was sent.
  bool binds = false;            ///< Whether the lock is bound to its connection.
};

/// Each returns the content of the answer, or a problem: the server's, or that there is
/// no answer (`x.error`), or that the answer makes no sense. An answer to another request
/// makes no sense either. The content of an answer makes none of them throw.
/// @param server named in a problem that has no sentence of the server.

client::answer<client::grant> read_grant(const exchange_result& x, const std::string& server,
                                         const grant_request& request);

/// `not_holder` in answer to a repeat counts as success: the first request has released
/// the lock, or the lock's time was over.
client::answer<void> read_release(const exchange_result& x, const std::string& server);

/// Whether there was anything to release.
client::answer<bool> read_released(const exchange_result& x, const std::string& server);
client::answer<client::lock_info> read_lock(const exchange_result& x, const std::string& server,
                                            const std::string& key);

/// @param after the keys of the page must follow this one.
client::answer<client::lock_page> read_page(const exchange_result& x, const std::string& server,
                                            const std::string& after);
client::answer<client::lease> read_new_lease(const exchange_result& x, const std::string& server);
client::answer<client::lease> read_lease(const exchange_result& x, const std::string& server,
                                         const std::string& id);
client::answer<client::lease_info>
read_lease_info(const exchange_result& x, const std::string& server, const std::string& id);

/// `lease_expired` in answer to a repeat counts as success.
client::answer<void> read_lease_end(const exchange_result& x, const std::string& server,
                                    const std::string& id);
client::answer<client::server_info> read_server(const exchange_result& x,
                                                const std::string& server);
client::answer<client::access_info> read_access(const exchange_result& x,
                                                const std::string& server);

/// Whether the answer comes from a lock server.
client::answer<void> read_ping(const exchange_result& x, const std::string& server);

/// The problem of a request that must not be sent.
client::problem refused(std::string sentence);

} // namespace lockserver::v1
