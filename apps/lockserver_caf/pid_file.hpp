// The file that identifies a running server: "PID\nHOST:PORT\n". It is locked (flock)
// until the process has ended. So whoever can lock it knows that it is stale.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace lockserver::program {

/// "127.0.0.1:8004", "[::1]:8004".
std::string endpoint(const std::string& host, std::uint16_t port);

/// The pid file of this process.
class pid_file {
public:
  /// Creates or takes over the file at `path`, and locks it. Throws `failure`
  /// when another process has it, or it is a symbolic link.
  explicit pid_file(std::string path);

  /// Removes the file. The lock stays until the process ends.
  ~pid_file();

  pid_file(const pid_file&) = delete;
  pid_file& operator=(const pid_file&) = delete;

  /// Writes the address that this process serves.
  void write(const std::string& host, std::uint16_t port);

private:
  std::string path_;
  int fd_ = -1;
};

/// The pid file of another process.
class running_server {
public:
  /// Reads the file at `path`. Throws `failure` if there is none, or if its process has
  /// ended or does not serve yet.
  explicit running_server(const std::string& path);
  ~running_server();

  running_server(const running_server&) = delete;
  running_server& operator=(const running_server&) = delete;

  pid_t pid() const noexcept {
    return pid_;
  }
  const std::string& host() const noexcept {
    return host_;
  }
  std::uint16_t port() const noexcept {
    return port_;
  }

  /// Whether the process still runs.
  bool alive() const;

private:
  int fd_ = -1;
  pid_t pid_ = 0;
  std::string host_;
  std::uint16_t port_ = 0;
};

} // namespace lockserver::program
