// What the system still has of what was written to a socket.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include <sys/ioctl.h>

#include <cstddef>
#include <optional>

namespace lockserver {

/// @param queue `SIOCOUTQ`: what the other system has not acknowledged; `SIOCOUTQNSD`: of
///        that, what has not been sent. Our closing of the connection counts as a byte, the
///        last.
inline std::optional<std::size_t> bytes_in(unsigned long queue,
                                           boost::asio::ip::tcp::socket& socket) {
  int size = 0;
  if (::ioctl(socket.native_handle(), queue, &size) != 0)
    return std::nullopt;
  return static_cast<std::size_t>(size);
}

} // namespace lockserver
