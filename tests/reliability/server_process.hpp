// The server of the torture test. It has one life after the other, on the same port.
#pragma once

#include "tests/reliability/child.hpp"
#include "tests/reliability/history.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace reliability {

class server_process {
public:
  /// @param command the program and its options, without those for the port.
  server_process(std::vector<std::string> command, std::uint16_t port, std::string log);

  std::uint16_t port() const noexcept {
    return port_;
  }
  pid_t id() const noexcept {
    return process_.id();
  }
  const std::vector<life>& lives() const noexcept {
    return lives_;
  }

  /// Begins a life. Does not wait until the server serves.
  void start();

  /// Waits until the server serves. Throws `std::runtime_error` if it has ended, or does
  /// not serve within 60 s.
  void await();

  /// Kills it with -9.
  void kill();

  void stop() const;
  void go_on() const;

  /// Throws `std::runtime_error` if the server has ended by itself.
  void check_alive();

private:
  std::vector<std::string> command_;
  std::uint16_t port_;
  std::string log_;
  child process_;
  std::vector<life> lives_;
};

/// A free port of this machine. It is below the range for clients, so that no client gets
/// it while the server is away.
std::uint16_t quiet_port(std::uint64_t seed);

} // namespace reliability
