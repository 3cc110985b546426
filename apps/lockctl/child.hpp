// The command that `lockctl run` runs. It has its own process group, gets the terminal,
// and does not outlive lockctl.
#pragma once

#include "apps/lockctl/terminal.hpp"

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace lockserver::lockctl {

class child {
public:
  /// A change of the command's state.
  enum class change { none, stopped, continued, ended };

  /// Starts the command, in the terminal's foreground if this process is there. Must be
  /// called by the main thread, because the system kills the command (SIGKILL) when the
  /// thread that started it ends. The system kills neither what the command has started
  /// nor a command with more rights than lockctl (setuid). Throws `failure` with status
  /// 126 or 127 if the command cannot be run.
  /// @param variables added to its environment.
  /// @param ours the signals that this process handles; they are reset for the command.
  child(const std::vector<std::string>& words,
        const std::vector<std::pair<std::string, std::string>>& variables,
        const std::vector<int>& ours);

  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child();

  /// Sends a signal to the whole group. Returns whether the group still exists.
  bool send(int signal) const;

  /// Sends a signal that should end the group, and continues the group, because a stopped
  /// process sees the signal only then. Returns whether the group still exists.
  bool end(int signal) const;

  /// The next change. Call it after SIGCHLD until it returns `none`. It also reaps
  /// orphans, which this process must do as process 1 of a container.
  change look();

  bool stopped() const {
    return stop_signal_ != 0;
  }

  /// The exit status; 128 + n after signal n. @pre look() has returned `ended`.
  int status() const;

  /// Stops our job, too, if otherwise a shell would not know that its job has stopped.
  /// Returns, perhaps after a long time, whether the command must be continued now. If
  /// not, somebody else will continue us or the command.
  /// @param told whether this process was told to stop, and has passed that on.
  /// @pre stopped()
  bool stop_job(bool told) const;

  /// Continues the command. It gets the terminal if it was stopped because it wanted it,
  /// or if it had it before.
  void resume();

  /// Takes the terminal back if the command has it. Returns whether it had it.
  bool return_terminal() const;

  /// If SIGINT or SIGQUIT has ended the command, ends this process by the same signal,
  /// because a script expects that. If the terminal has sent the signal, the rest of our
  /// job gets it, too. Otherwise, or if a signal cannot end this process, does nothing.
  /// @pre look() has returned `ended`, and nothing handles the signals any more.
  void die_with_it() const;

private:
  bool wants_terminal() const;

  terminal terminal_;
  pid_t own_group_;
  bool interactive_; // its input and output are a terminal
  pid_t pid_ = 0;
  int stop_signal_ = 0;
  int wait_status_ = 0;
  bool ended_in_foreground_ = false;
};

} // namespace lockserver::lockctl
