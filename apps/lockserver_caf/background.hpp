// `start`: a process that runs without its terminal.
#pragma once

#include <sys/types.h>

#include <string>

namespace lockserver::program {

/// Forks, and tells the parent whether the child has started. Create it before the
/// process has any thread except the allocator's.
class background {
public:
  /// Forks. Parent and child both continue; see `is_parent`.
  background();
  ~background();

  background(const background&) = delete;
  background& operator=(const background&) = delete;

  bool is_parent() const noexcept {
    return child_ != 0;
  }

  /// For the parent: waits until the child has called `detach` or has ended. After
  /// `detach`, prints the child's process id to standard output.
  /// @return the exit status for the parent: 0, or that of the child.
  int wait() const;

  /// For the child, after a successful start: leaves the parent's session, redirects the
  /// standard streams to `log_file` (empty: to /dev/null), and releases the parent. Until
  /// then the child ends when the parent does.
  void detach(const std::string& log_file);

private:
  pid_t child_ = 0;
  int pipe_ = -1; // the parent reads; the child writes one byte
};

} // namespace lockserver::program
