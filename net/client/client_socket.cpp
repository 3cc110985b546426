#include "net/client/client_socket.hpp"

#include <boost/asio/error.hpp>

#include <cerrno>
#include <sys/socket.h>
#include <unistd.h>

namespace lockserver {

using boost::asio::ip::tcp;
using boost::system::error_code;

// Asio does not set SOCK_CLOEXEC. To set FD_CLOEXEC afterwards is too late if another
// thread forks in between.
void open_unshared(tcp::socket& socket, const tcp::endpoint& peer, error_code& ec) {
  error_code ignored;
  socket.close(ignored);
  auto protocol = peer.protocol();
  auto fd = ::socket(protocol.family(), protocol.type() | SOCK_CLOEXEC, protocol.protocol());
  if (fd < 0) {
    ec.assign(errno, boost::system::system_category());
    return;
  }
  socket.assign(protocol, fd, ec);
  if (ec)
    ::close(fd);
}

void adopt(tcp::socket& socket, int handle, error_code& ec) {
  sockaddr_storage self{};
  socklen_t size = sizeof(self);
  if (handle < 0 || ::getsockname(handle, reinterpret_cast<sockaddr*>(&self), &size) != 0)
    ec.assign(errno, boost::system::system_category());
  else
    socket.assign(self.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), handle, ec);
  if (!ec)
    socket.non_blocking(true, ec); // to look at it without waiting
  else if (handle >= 0)
    ::close(handle);
}

void finish_connect(tcp::socket& socket, error_code& ec) {
  error_code ignored;
  // The system may give this socket a port from its range for clients that equals the
  // server's port. The socket is then connected to itself, and keeps the port from the
  // server that is about to start.
  if (!ec && socket.local_endpoint(ignored) == socket.remote_endpoint(ignored))
    ec = boost::asio::error::connection_refused;
  if (ec)
    return;
  socket.set_option(tcp::no_delay{true}, ignored);
  socket.non_blocking(true, ignored); // to look at it without waiting
}

} // namespace lockserver
