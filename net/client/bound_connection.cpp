#include "net/client/bound_connection.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace lockserver {

bound_connection::bound_connection(int socket) noexcept : socket_(socket) {
}

bound_connection::~bound_connection() {
  close();
}

bool bound_connection::stands() const noexcept {
  char byte;
  auto size = ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return size > 0 || (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
}

int bound_connection::share() const noexcept {
  return ::fcntl(socket_, F_DUPFD_CLOEXEC, 0);
}

void bound_connection::close() noexcept {
  if (auto socket = socket_.exchange(-1); socket >= 0)
    ::close(socket);
}

} // namespace lockserver
