// The terminal that controls this process, and the shell's job that this process
// belongs to.
#pragma once

#include <sys/types.h>

namespace lockserver::lockctl {

/// The controlling terminal, even if standard input and output are something
/// else. Without one all calls do nothing.
class terminal {
public:
  terminal();
  terminal(const terminal&) = delete;
  terminal& operator=(const terminal&) = delete;
  ~terminal();

  /// Whether the process group may read the terminal, and gets its signals.
  bool in_foreground(pid_t group) const;

  /// Puts `to` into the foreground if `from` is there, and not somebody else,
  /// such as the shell.
  void hand_over(pid_t from, pid_t to) const;

private:
  int file_;
};

/// Whom to stop.
enum class stop_scope {
  process, ///< This process alone: others were told already.
  job,     ///< Its process group: a script that runs lockctl, or a pipeline.
};

/// Stops them as the terminal would (SIGTSTP). Returns when this process is
/// continued; at once where no shell could continue it (an orphaned process
/// group, or process 1 of a container).
void stop(stop_scope scope);

} // namespace lockserver::lockctl
