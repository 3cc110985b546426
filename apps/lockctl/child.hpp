// The command that `lockctl run` runs: a process group of its own, which gets
// the terminal, and which does not outlive lockctl.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lockserver::lockctl {

class child {
public:
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

  /// To be called after SIGCHLD. Returns the exit status once the command has
  /// ended, 128 + n for signal n. When the command was stopped from the
  /// terminal, stops this process as well, and goes on with the command.
  std::optional<int> look();

private:
  void give_terminal() const;
  void take_terminal() const;
  void stop_with_it() const;

  pid_t pid_ = 0;
  pid_t own_group_;
  bool foreground_ = false; // of our job when it was started
};

} // namespace lockserver::lockctl
