// From the text of a host setting to addresses.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <string>

namespace lockserver {

/// The endpoint to listen on for `host` (a numeric address or a name that the
/// system knows, such as "localhost"). Sets `ec` when there is none.
boost::asio::ip::tcp::endpoint resolve_endpoint(const std::string& host, std::uint16_t port,
                                                boost::system::error_code& ec);

/// The host under which a client on this machine reaches a server that listens
/// on `host`: the loopback address for "all addresses".
std::string reachable_host(const std::string& host);

} // namespace lockserver
