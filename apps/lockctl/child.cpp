#include "apps/lockctl/child.hpp"

#include "apps/lockctl/failure.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <string_view>

namespace lockserver::lockctl {

namespace {

// A process in the background that uses the terminal gets SIGTTOU, unless it
// blocks the signal.
class block_signals {
public:
  block_signals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
  }
  block_signals(const block_signals&) = delete;
  block_signals& operator=(const block_signals&) = delete;
  ~block_signals() {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  sigset_t before{};
};

// The environment with the variables in it.
std::vector<std::string>
environment_with(const std::vector<std::pair<std::string, std::string>>& variables) {
  std::vector<std::string> result;
  result.reserve(variables.size());
  for (auto& [name, value] : variables)
    result.emplace_back(name).append("=").append(value);
  for (auto** x = environ; *x != nullptr; ++x) {
    std::string_view entry = *x;
    auto name = entry.substr(0, entry.find('='));
    if (std::none_of(variables.begin(), variables.end(),
                     [name](auto& variable) { return variable.first == name; }))
      result.emplace_back(entry);
  }
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& x) {
  std::vector<char*> result;
  result.reserve(x.size() + 1);
  for (auto& entry : x)
    result.push_back(entry.data());
  result.push_back(nullptr);
  return result;
}

bool in_foreground(pid_t group) {
  return isatty(STDIN_FILENO) != 0 && tcgetpgrp(STDIN_FILENO) == group;
}

// In the new process: other threads may have held any lock when it was made, so
// that only what a signal handler might call is allowed here.
struct new_process {
  char** words;
  char** variables;
  const std::vector<int>& ours;
  const sigset_t& mask;
  pid_t parent;
  bool takes_terminal;

  int exec() const {
    setpgid(0, 0);
    if (takes_terminal)
      tcsetpgrp(STDIN_FILENO, getpid());
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
      return errno;
    if (getppid() != parent) // it has ended already
      _exit(128 + SIGKILL);
    for (auto x : ours)
      signal(x, SIG_DFL);
    sigprocmask(SIG_SETMASK, &mask, nullptr);
    execvpe(words[0], words, variables);
    return errno;
  }
};

} // namespace

child::child(const std::vector<std::string>& words,
             const std::vector<std::pair<std::string, std::string>>& variables,
             const std::vector<int>& ours)
  : own_group_(getpgrp()), foreground_(in_foreground(own_group_)) {
  auto copied_words = words;
  auto copied_variables = environment_with(variables);
  auto word_pointers = pointers(copied_words);
  auto variable_pointers = pointers(copied_variables);
  // Closed by a successful exec; otherwise it brings the reason.
  std::array<int, 2> pipe_ends{};
  if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0)
    throw failure{exit_status::cannot_execute, "cannot make a pipe: " + last_error()};
  block_signals guard;
  // With another process at the other end of standard output, that may need
  // the terminal more (a pager): then the command gets it when it asks.
  auto takes_terminal = foreground_ && isatty(STDOUT_FILENO) != 0;
  new_process made{word_pointers.data(), variable_pointers.data(), ours, guard.before, getpid(),
                   takes_terminal};
  pid_ = fork();
  if (pid_ == 0) {
    auto error = made.exec();
    auto ignored = write(pipe_ends[1], &error, sizeof error);
    (void) ignored;
    _exit(127);
  }
  close(pipe_ends[1]);
  int error = pid_ < 0 ? errno : 0;
  if (pid_ > 0) {
    setpgid(pid_, pid_); // both do it: whoever is first
    if (takes_terminal)
      give_terminal();
    while (read(pipe_ends[0], &error, sizeof error) < 0 && errno == EINTR) {
    }
  }
  close(pipe_ends[0]);
  if (error == 0)
    return;
  if (pid_ > 0)
    waitpid(pid_, nullptr, 0);
  take_terminal();
  throw failure{error == ENOENT ? exit_status::not_found : exit_status::cannot_execute,
                words[0] + ": " + std::system_category().message(error)};
}

child::~child() {
  take_terminal();
}

bool child::send(int signal) const {
  return kill(-pid_, signal) == 0;
}

std::optional<int> child::look() {
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG | WUNTRACED) != pid_)
    return std::nullopt;
  if (WIFSTOPPED(status)) {
    auto wants_terminal = WSTOPSIG(status) == SIGTTIN || WSTOPSIG(status) == SIGTTOU;
    if (wants_terminal && in_foreground(own_group_)) {
      give_terminal();
      send(SIGCONT);
    } else if (foreground_) {
      stop_with_it();
    }
    return std::nullopt;
  }
  take_terminal();
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void child::give_terminal() const {
  block_signals guard;
  tcsetpgrp(STDIN_FILENO, pid_);
}

// Unless somebody else, such as the shell, has it by now.
void child::take_terminal() const {
  block_signals guard;
  if (foreground_ && in_foreground(pid_))
    tcsetpgrp(STDIN_FILENO, own_group_);
}

// The shell must see its job stopped. What it continues goes on here.
void child::stop_with_it() const {
  take_terminal();
  kill(getpid(), SIGSTOP);
  if (in_foreground(own_group_))
    give_terminal();
  send(SIGCONT);
}

} // namespace lockserver::lockctl
