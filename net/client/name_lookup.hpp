// Looks up the addresses of a host, with a deadline, which the system's resolver
// does not offer.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace lockserver {

/// Awaits the addresses of `host`, a name or a numeric address.
/// @param executor runs one thing at a time. To be awaited on it.
/// @param ec `timeout` of Beast when there was no answer until `deadline`,
///        `operation_aborted` when the coroutine was cancelled, the resolver's own, or
///        none.
/// Throws `std::system_error` when there is no thread left.
boost::asio::awaitable<std::vector<boost::asio::ip::tcp::endpoint>>
look_up(boost::asio::any_io_executor executor, std::string host, std::uint16_t port,
        std::chrono::steady_clock::time_point deadline, boost::system::error_code& ec);

} // namespace lockserver
