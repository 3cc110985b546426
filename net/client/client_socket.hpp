// Makes the sockets of the client library.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

namespace lockserver {

/// Opens `socket` for connections to `peer`. It is never inherited by a program
/// that this process starts, not even when another thread starts it just now:
/// who holds a copy of a connection keeps what hangs on it from ending.
void open_unshared(boost::asio::ip::tcp::socket& socket, const boost::asio::ip::tcp::endpoint& peer,
                   boost::system::error_code& ec);

/// Makes `socket` own `handle`, a connected socket, or closes that with an error. Below
/// 0 the handle is one that could not be made, for the reason in `errno`.
void adopt(boost::asio::ip::tcp::socket& socket, int handle, boost::system::error_code& ec);

/// What is to be set once there is a connection, or why there is none: a socket
/// can be connected with itself.
void finish_connect(boost::asio::ip::tcp::socket& socket, boost::system::error_code& ec);

} // namespace lockserver
