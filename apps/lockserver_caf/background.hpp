// `start`: a process that goes on without its terminal.
#pragma once

#include <sys/types.h>

#include <string>

namespace lockserver::program {

/// Forks, and lets the parent know how the child's start went. Make one before
/// the process has any thread but the allocator's.
class background {
public:
  /// Forks. Parent and child both go on; see `is_parent`.
  background();
  ~background();

  background(const background&) = delete;
  background& operator=(const background&) = delete;

  bool is_parent() const noexcept {
    return child_ != 0;
  }

  /// In the parent: waits until the child has called `detach`, then prints the
  /// child's process id to standard output; or until the child has ended.
  /// @return what the parent should exit with: 0, or how the child ended.
  int wait() const;

  /// In the child, once all is well: leaves the parent's session, sends the
  /// standard streams to `log_file` or, when that is empty, nowhere, and
  /// releases the parent. Until then the child ends when the parent does.
  void detach(const std::string& log_file);

private:
  pid_t child_ = 0;
  int pipe_ = -1; // the parent reads; the child writes one byte
};

} // namespace lockserver::program
