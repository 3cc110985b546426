// The terminal that controls this process, and the job of the shell that this process
// belongs to.
#pragma once

#include <sys/types.h>

namespace lockserver::lockctl {

/// The controlling terminal, even if standard input and output are something else. If
/// there is none, all calls do nothing.
class terminal {
public:
  terminal();
  terminal(const terminal&) = delete;
  terminal& operator=(const terminal&) = delete;
  ~terminal();

  /// Whether the process group may read the terminal, and gets its signals.
  bool in_foreground(pid_t group) const;

  /// Moves `to` into the foreground if `from` is there, and not if another group is, such
  /// as the shell.
  void hand_over(pid_t from, pid_t to) const;

private:
  int file_;
};

/// The processes to stop.
enum class stop_scope {
  process, ///< Only this process: others have already been told.
  job,     ///< Its process group: for instance a script that runs lockctl, or a pipeline.
};

/// Stops them as the terminal would (SIGTSTP). Returns when this process is continued, or
/// at once if no shell could continue it (an orphaned process group, or process 1 of a
/// container).
void stop(stop_scope scope);

} // namespace lockserver::lockctl
