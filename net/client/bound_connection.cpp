#include "net/client/bound_connection.hpp"

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace lockserver {

bound_connection::bound_connection(int socket, ssl_pointer tls) noexcept
  : socket_(socket), tls_(std::move(tls)) {
}

bound_connection::~bound_connection() {
  close();
}

bool bound_connection::stands() const noexcept {
  // Over TLS the end of the connection comes behind a record that says so.
  pollfd looked{socket_, POLLRDHUP, 0};
  if (tls_ && ::poll(&looked, 1, 0) > 0)
    return false;
  char byte;
  auto size = ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return size > 0 || (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
}

int bound_connection::share() const noexcept {
  return ::fcntl(socket_, F_DUPFD_CLOEXEC, 0);
}

ssl_pointer bound_connection::share_tls() const noexcept {
  if (!tls_ || SSL_up_ref(tls_.get()) != 1)
    return nullptr;
  return ssl_pointer{tls_.get()};
}

void bound_connection::close() noexcept {
  if (auto socket = socket_.exchange(-1); socket >= 0)
    ::close(socket);
}

} // namespace lockserver
