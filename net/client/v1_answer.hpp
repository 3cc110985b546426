// The answers of the JSON dialect (/v1), from HTTP to C++ values. Pure: does no
// input or output.
#pragma once

#include "lockserver/boot_clock.hpp"
#include "lockserver/client_error.hpp"
#include "lockserver/client_types.hpp"
#include "net/client/http_call.hpp"

#include <string>

namespace lockserver::v1 {

/// The request to which a grant must be the answer.
struct grant_request {
  std::string key{};
  std::string owner{};
  boot_clock::time_point sent{}; ///< Before the first byte of it was sent.
  bool binds = false;            ///< The lock to its connection.
};

/// Each returns what the answer says, or the problem: the server's, or that
/// there is no answer (`x.error`), or that it makes no sense, which an answer to
/// something else does not either. None throws for what an answer says.
/// @param server whom a problem without words of the server's is about.

client::answer<client::grant> read_grant(const exchange_result& x, const std::string& server,
                                         const grant_request& request);

/// Of a request that was sent before, `not_holder` is as good: the first has done
/// it, or the lock's time was over.
client::answer<void> read_release(const exchange_result& x, const std::string& server);

/// Whether there was anything to release.
client::answer<bool> read_released(const exchange_result& x, const std::string& server);
client::answer<client::lock_info> read_lock(const exchange_result& x, const std::string& server,
                                            const std::string& key);

/// @param after what the page's keys must come behind.
client::answer<client::lock_page> read_page(const exchange_result& x, const std::string& server,
                                            const std::string& after);
client::answer<client::lease> read_new_lease(const exchange_result& x, const std::string& server);
client::answer<client::lease> read_lease(const exchange_result& x, const std::string& server,
                                         const std::string& id);
client::answer<client::lease_info>
read_lease_info(const exchange_result& x, const std::string& server, const std::string& id);

/// Of a request that was sent before, `lease_expired` is as good.
client::answer<void> read_lease_end(const exchange_result& x, const std::string& server,
                                    const std::string& id);
client::answer<client::server_info> read_server(const exchange_result& x,
                                                const std::string& server);

/// Whether it is that of a lock server.
client::answer<void> read_ping(const exchange_result& x, const std::string& server);

/// The problem of a request that must not be sent.
client::problem refused(std::string sentence);

} // namespace lockserver::v1
