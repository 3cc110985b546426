// A child process, which does not outlive its parent.
#pragma once

#include "tests/reliability/history.hpp"

#include <sys/types.h>

#include <string>
#include <vector>

namespace reliability {

class child {
public:
  child() = default; // no process
  /// Starts a program, and appends its output to a file. When the program writes a file
  /// beyond a limit, it gets an error and no signal. Call it from one thread only: the
  /// child ends when that thread ends. Throws `std::system_error`.
  child(const std::vector<std::string>& command, const std::string& output);
  child(child&& other) noexcept;
  child& operator=(child&& other) noexcept;
  /// Kills it.
  ~child();

  pid_t id() const noexcept {
    return id_;
  }

  void signal(int number) const;

  /// Kills it with -9, even if it is stopped, and waits until it has ended.
  void kill();

  /// Whether it has ended by itself. Then `status` is valid.
  bool has_ended();

  /// The status from waitpid.
  int status() const noexcept {
    return status_;
  }

private:
  pid_t id_ = 0;
  int status_ = 0;
};

/// Waits. Returns true at once if this process is asked to end (SIGINT, SIGTERM). The
/// signals must be blocked, see `block_end_signals`.
bool end_requested_within(duration x);

/// Blocks the signals that ask this process to end, so that `end_requested_within` gets
/// them.
void block_end_signals();

} // namespace reliability
