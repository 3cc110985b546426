// A child process of a test, and the sockets that it would inherit.
#pragma once

#include "tests/support/raw_client.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <string>

namespace test {

/// Whether `f` returns true in a child process, in time.
template <class F>
bool in_child(F f) {
  auto child = ::fork();
  if (child == 0)
    ::_exit(f() ? 0 : 1);
  int status = -1;
  auto ended = eventually([&] { return ::waitpid(child, &status, WNOHANG) == child; });
  if (!ended) {
    ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
  }
  return ended && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// The number of sockets connected to `port` that a program would inherit; -1 if there is
/// no such socket.
inline int inheritable_sockets_to(std::uint16_t port) {
  auto found = false;
  auto result = 0;
  for (auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) {
    auto fd = std::stoi(entry.path().filename());
    sockaddr_in peer{};
    socklen_t size = sizeof(peer);
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0
        || peer.sin_family != AF_INET || ntohs(peer.sin_port) != port)
      continue;
    found = true;
    if ((::fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0)
      ++result;
  }
  return found ? result : -1;
}

} // namespace test
