// The requests of a client over JSON (/v1), as operations of an `async_core`: what each
// sends, how often, and how it reads the answer. The blocking client, the asynchronous
// client and the lock keeper are built on them.
#pragma once

#include "lockserver/client_error.hpp"
#include "lockserver/client_types.hpp"
#include "net/client/async_core.hpp"
#include "net/client/client_retry.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

/// Each must be awaited on the core's executor. A terminal cancellation ends it with
/// `errc::cancelled`. Throws what `async_core::ask` throws; see `thrown_problem`.
namespace lockserver::operations {

using core_ptr = std::shared_ptr<async_core>;
using milliseconds = std::chrono::milliseconds;
template <class T>
using awaitable_answer = boost::asio::awaitable<client::answer<T>>;

/// The methods of `rest_client` with these names.

awaitable_answer<client::grant> acquire(core_ptr core, std::string key, std::string owner,
                                        client::acquire_options options);
awaitable_answer<client::grant> renew(core_ptr core, std::string key, std::string owner,
                                      std::uint64_t token, std::optional<milliseconds> ttl);
awaitable_answer<void> release(core_ptr core, std::string key, std::string owner,
                               std::uint64_t token);
awaitable_answer<bool> force_release(core_ptr core, const std::string& key);
awaitable_answer<client::lock_info> inspect(core_ptr core, std::string key);
awaitable_answer<client::lock_page> list(core_ptr core, client::list_options options);
awaitable_answer<client::lease> create_lease(core_ptr core, const std::string& owner,
                                             std::optional<milliseconds> ttl);
awaitable_answer<client::lease> renew_lease(core_ptr core, std::string id);
awaitable_answer<client::lease_info> inspect_lease(core_ptr core, std::string id,
                                                   const client::lease_page& page);
awaitable_answer<void> end_lease(core_ptr core, std::string id);
awaitable_answer<client::server_info> server(core_ptr core);
awaitable_answer<client::access_info> access(core_ptr core);
awaitable_answer<void> ping(core_ptr core);

/// `renew` within `limits`.
awaitable_answer<client::grant> renew_within(core_ptr core, std::string key, std::string owner,
                                             std::uint64_t token, std::optional<milliseconds> ttl,
                                             effort limits);

/// The same with one request on `connection`, until `deadline`. The arguments must live
/// until the result is awaited.
/// @param server as `async_core::server`.
awaitable_answer<client::grant> renew_on(async_connection& connection, const std::string& server,
                                         const std::string& key, const std::string& owner,
                                         std::uint64_t token, std::optional<milliseconds> ttl,
                                         effort::clock::time_point deadline);

/// `release` by a token. Each try is within `limits`, and `plan` decides about repeats.
awaitable_answer<void> release_within(core_ptr core, std::string key, std::string owner,
                                      std::uint64_t token, persistence plan, effort limits);

/// Call it in a `catch` clause: returns the exception as a problem.
client::problem thrown_problem();

} // namespace lockserver::operations
