// Makes the sockets of the client library.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

namespace lockserver {

/// Opens `socket` for connections to `peer`. A program that this process starts never
/// inherits it, not even if another thread starts it at this moment. A copy of a
/// connection would keep its lock from ending.
void open_unshared(boost::asio::ip::tcp::socket& socket, const boost::asio::ip::tcp::endpoint& peer,
                   boost::system::error_code& ec);

/// Makes `socket` own `handle`, a connected socket; after an error, closes `handle`. A
/// handle below 0 could not be made, and `errno` says why.
void adopt(boost::asio::ip::tcp::socket& socket, int handle, boost::system::error_code& ec);

/// Sets the options of a connected socket. Sets `ec` if the socket is not usable, for
/// instance because it is connected to itself.
void finish_connect(boost::asio::ip::tcp::socket& socket, boost::system::error_code& ec);

} // namespace lockserver
