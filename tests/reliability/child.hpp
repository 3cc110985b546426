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
  /// Starts a program whose output goes to the end of a file. Writing a file
  /// beyond a limit is an error to it, no signal. Call it from one thread only:
  /// the child ends when that does. Throws `std::system_error`.
  child(const std::vector<std::string>& command, const std::string& output);
  child(child&& other) noexcept;
  child& operator=(child&& other) noexcept;
  /// Kills it.
  ~child();

  pid_t id() const noexcept {
    return id_;
  }

  void signal(int number) const;

  /// Kills it with -9, stopped or not, and waits until it is gone.
  void kill();

  /// Whether it has ended by itself. Then `status` is valid.
  bool has_ended();

  /// As of waitpid.
  int status() const noexcept {
    return status_;
  }

private:
  pid_t id_ = 0;
  int status_ = 0;
};

/// Waits, but returns true at once when this process shall end (SIGINT,
/// SIGTERM). The signals must be blocked, see `block_end_signals`.
bool end_requested_within(duration x);

/// Leaves the end of this process to `end_requested_within`.
void block_end_signals();

} // namespace reliability
