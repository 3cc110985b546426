#include "apps/lockctl/terminal.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

namespace lockserver::lockctl {

terminal::terminal() : file_(open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)) {
}

terminal::~terminal() {
  if (file_ >= 0)
    close(file_);
}

bool terminal::in_foreground(pid_t group) const {
  // 0: a group outside of this process's container. It cannot be identified.
  return file_ >= 0 && group > 0 && tcgetpgrp(file_) == group;
}

void terminal::hand_over(pid_t from, pid_t to) const {
  if (!in_foreground(from))
    return;
  // This call sends SIGTTOU to a process in the background, unless the process blocks the
  // signal.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  tcsetpgrp(file_, to);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void stop(stop_scope scope) {
  struct sigaction ours {};
  sigaction(SIGTSTP, nullptr, &ours);
  if (scope == stop_scope::job) {
    // This process must not pass the signal on: the command has already stopped.
    signal(SIGTSTP, SIG_IGN);
    kill(0, SIGTSTP);
  }
  signal(SIGTSTP, SIG_DFL);
  // Sent to this thread, which stops before this call returns.
  raise(SIGTSTP);
  sigaction(SIGTSTP, &ours, nullptr);
}

} // namespace lockserver::lockctl
