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

// The environment with these variables added.
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

// Runs in the new process. Other threads may have held any mutex at the time of the fork,
// so only async-signal-safe calls are allowed here.
struct new_process {
  char** words;
  char** variables;
  const std::vector<int>& ours;
  const sigset_t& mask;
  pid_t parent;
  const terminal* takes; // null: none

  int exec() const {
    setpgid(0, 0);
    if (takes != nullptr)
      takes->hand_over(getpgid(parent), getpid());
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
      return errno;
    if (getppid() != parent) // the parent has already ended
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
  : own_group_(getpgrp()), interactive_(isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0) {
  auto copied_words = words;
  auto copied_variables = environment_with(variables);
  auto word_pointers = pointers(copied_words);
  auto variable_pointers = pointers(copied_variables);
  // A successful exec closes it. Otherwise it carries the error.
  std::array<int, 2> pipe_ends{};
  if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0)
    throw failure{exit_status::cannot_execute, "cannot make a pipe: " + last_error()};
  block_signals guard;
  // If another process, such as a pager, is at the other end of standard input or output,
  // it may need the terminal more. Then the command gets the terminal when it asks for
  // it.
  new_process made{word_pointers.data(),
                   variable_pointers.data(),
                   ours,
                   guard.before,
                   getpid(),
                   interactive_ ? &terminal_ : nullptr};
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
    while (read(pipe_ends[0], &error, sizeof error) < 0 && errno == EINTR) {
    }
  }
  close(pipe_ends[0]);
  if (error == 0)
    return;
  if (pid_ > 0) {
    waitpid(pid_, nullptr, 0);
    return_terminal();
  }
  throw failure{error == ENOENT ? exit_status::not_found : exit_status::cannot_execute,
                words[0] + ": " + std::system_category().message(error)};
}

child::~child() {
  return_terminal();
}

bool child::send(int signal) const {
  return kill(-pid_, signal) == 0;
}

bool child::end(int signal) const {
  return send(signal) && (send(SIGCONT), true);
}

child::change child::look() {
  for (;;) {
    int status = 0;
    auto pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED);
    if (pid <= 0)
      return change::none;
    if (pid != pid_)
      continue;
    stop_signal_ = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
    if (stopped())
      return change::stopped;
    if (WIFCONTINUED(status))
      return change::continued;
    wait_status_ = status;
    ended_in_foreground_ = return_terminal();
    return change::ended;
  }
}

int child::status() const {
  return WIFSIGNALED(wait_status_) ? 128 + WTERMSIG(wait_status_) : WEXITSTATUS(wait_status_);
}

bool child::wants_terminal() const {
  return stop_signal_ == SIGTTIN || stop_signal_ == SIGTTOU;
}

bool child::stop_job(bool told) const {
  if (wants_terminal() && terminal_.in_foreground(own_group_))
    return true;
  // A command that was stopped in another way, for instance by SIGSTOP, does not concern
  // the shell.
  if (!told && !wants_terminal() && !terminal_.in_foreground(pid_))
    return false;
  return_terminal();
  stop(told ? stop_scope::process : stop_scope::job);
  // Without job control, the terminal's keys stop nothing.
  return stop_signal_ == SIGTSTP;
}

void child::resume() {
  if (interactive_ || wants_terminal())
    terminal_.hand_over(own_group_, pid_);
  stop_signal_ = 0;
  send(SIGCONT);
}

bool child::return_terminal() const {
  auto had = terminal_.in_foreground(pid_);
  terminal_.hand_over(pid_, own_group_);
  return had;
}

void child::die_with_it() const {
  auto signal = WIFSIGNALED(wait_status_) ? WTERMSIG(wait_status_) : 0;
  if (signal != SIGINT && signal != SIGQUIT)
    return;
  prctl(PR_SET_DUMPABLE, 0); // SIGQUIT would dump a core of lockctl
  if (ended_in_foreground_)
    kill(0, signal);
  raise(signal);
}

} // namespace lockserver::lockctl
