// Looks up the addresses of a host, with a deadline. The system's resolver has none.
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
/// @param executor runs one thing at a time. The result must be awaited on it.
/// @param ec Beast's `timeout` if there was no answer before `deadline`,
///        `operation_aborted` if the coroutine was cancelled, the resolver's error, or
///        none.
/// @throws std::system_error if the system has no more threads.
boost::asio::awaitable<std::vector<boost::asio::ip::tcp::endpoint>>
look_up(boost::asio::any_io_executor executor, std::string host, std::uint16_t port,
        std::chrono::steady_clock::time_point deadline, boost::system::error_code& ec);

} // namespace lockserver
