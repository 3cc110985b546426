#include "net/client_actor/reach.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <system_error>

namespace lockserver {

namespace {

using steady = std::chrono::steady_clock;

std::string message_of(int code) {
  return std::system_category().message(code);
}

// Returns 0, or the `errno` of the failure.
int connect_until(int fd, const addrinfo& where, steady::time_point end,
                  const interruption& interrupt) {
  if (connect(fd, where.ai_addr, where.ai_addrlen) == 0)
    return 0;
  if (errno != EINPROGRESS)
    return errno;
  for (;;) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(end - steady::now()).count();
    std::array<pollfd, 2> x{{{fd, POLLOUT, 0}, {interrupt.fd(), POLLIN, 0}}};
    auto ready = poll(x.data(), x.size(),
                      static_cast<int>(std::clamp<long long>(left, 0, 1'000'000)));
    if (ready == 0)
      return ETIMEDOUT;
    if (ready > 0 && x[1].revents != 0)
      return ECANCELED;
    if (ready > 0)
      break;
    if (errno != EINTR)
      return errno;
  }
  int result = 0;
  socklen_t size = sizeof(result);
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &result, &size);
  return result;
}

} // namespace

owned_socket::~owned_socket() {
  if (fd_ >= 0)
    close(fd_);
}

owned_socket owned_socket::duplicate() const {
  return owned_socket{fcntl(fd_, F_DUPFD_CLOEXEC, 0)};
}

void owned_socket::shut_down() noexcept {
  if (fd_ >= 0)
    shutdown(fd_, SHUT_RDWR);
}

interruption::interruption() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
}

void interruption::notify() noexcept {
  std::uint64_t one = 1;
  static_cast<void>(!write(event_.get(), &one, sizeof(one)));
}

owned_socket reach(const std::string& host, std::uint16_t port, std::chrono::nanoseconds timeout,
                   const interruption& interrupt, std::string& problem) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (auto code = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
      code != 0) {
    problem = code == EAI_SYSTEM ? message_of(errno) : gai_strerror(code);
    return {};
  }
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> all{found, freeaddrinfo};
  auto end = steady::now() + timeout;
  for (auto* x = found; x != nullptr; x = x->ai_next) {
    owned_socket result{
      socket(x->ai_family, x->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, x->ai_protocol)};
    auto code = result ? connect_until(result.get(), *x, end, interrupt) : errno;
    if (code == 0)
      return result;
    problem = message_of(code);
  }
  return {};
}

} // namespace lockserver
