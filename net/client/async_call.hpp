// A renewal as an asynchronous operation, for the client and for what keeps its locks.
#pragma once

#include "lockserver/client_error.hpp"
#include "net/client/async_core.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace lockserver {

/// As `rest_client::renew`, within `limits`. To be awaited on the core's executor.
boost::asio::awaitable<client::answer<client::grant>>
renew_grant(std::shared_ptr<async_core> core, const std::string& key, const std::string& owner,
            std::uint64_t token, std::optional<std::chrono::milliseconds> ttl, effort limits);

/// The same by one request on `connection`, until `deadline`. All is to stay until it is
/// awaited.
/// @param server as `async_core::server`.
boost::asio::awaitable<client::answer<client::grant>>
renew_grant_on(async_connection& connection, const std::string& server, const std::string& key,
               const std::string& owner, std::uint64_t token,
               std::optional<std::chrono::milliseconds> ttl, effort::clock::time_point deadline);

} // namespace lockserver
