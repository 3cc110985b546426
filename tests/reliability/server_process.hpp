// The server under torture, one life after the other on the same port.
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

  /// Begins a life. Does not wait until it serves.
  void start();

  /// Waits until it serves. Throws `std::runtime_error` when it has ended, or
  /// does not serve within 60 s.
  void await();

  /// Kills it with -9.
  void kill();

  void stop() const;
  void go_on() const;

  /// Throws `std::runtime_error` when it has ended by itself.
  void check_alive();

private:
  std::vector<std::string> command_;
  std::uint16_t port_;
  std::string log_;
  child process_;
  std::vector<life> lives_;
};

/// A port of this machine that nobody uses, and that is given to no client while
/// the server is away: below those that the system hands out.
std::uint16_t quiet_port(std::uint64_t seed);

} // namespace reliability
