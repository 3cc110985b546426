// The command that `lockctl run` runs: a process group of its own, which gets
// the terminal, and which does not outlive lockctl.
#pragma once

#include "apps/lockctl/terminal.hpp"

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace lockserver::lockctl {

class child {
public:
  /// What has happened to the command.
  enum class change { none, stopped, continued, ended };

  /// Starts the command, in the terminal's foreground if this process is there.
  /// To be called by the main thread: the system kills the command (SIGKILL)
  /// when the thread that started it ends. It does not kill what the command
  /// has started itself, nor a command with more rights than we have (setuid).
  /// @param variables added to its environment.
  /// @param ours signals that this process handles: default for the command.
  /// Throws `failure` with status 126 or 127 when it cannot be run.
  child(const std::vector<std::string>& words,
        const std::vector<std::pair<std::string, std::string>>& variables,
        const std::vector<int>& ours);

  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child();

  /// Sends a signal to the whole group. Returns whether there still is one.
  bool send(int signal) const;

  /// Sends a signal that is to end the group, which a stopped process sees only
  /// once it is continued. Returns whether there still is a group.
  bool end(int signal) const;

  /// The next change. To be called after SIGCHLD until it returns `none`. Buries
  /// orphans as well, which are ours to bury in a container.
  change look();

  bool stopped() const {
    return stop_signal_ != 0;
  }

  /// 128 + n after signal n. @pre look() has returned `ended`.
  int status() const;

  /// Stops our job as well, if a shell would else not know that its job has
  /// stopped. Returns, perhaps after a long time, whether the command is to go on
  /// now; if not, somebody will continue us, or the command.
  /// @param told whether this process was told to stop, and has passed that on.
  /// @pre stopped()
  bool stop_job(bool told) const;

  /// Continues the command, with the terminal if it was stopped for the want of
  /// it, or had it before.
  void resume();

  /// Takes back the terminal if the command has it. Returns whether it had.
  bool return_terminal() const;

  /// After a command that SIGINT or SIGQUIT has ended this process ends by the same
  /// signal, as a script expects that is to end with it; with the rest of our job,
  /// if the terminal has sent it. Otherwise, and where a signal cannot end this
  /// process, does nothing. @pre look() has returned `ended`, and nothing handles
  /// the signals any more.
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
