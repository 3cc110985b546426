#include "tests/reliability/child.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

namespace reliability {

namespace {

sigset_t end_signals() {
  sigset_t result;
  sigemptyset(&result);
  sigaddset(&result, SIGINT);
  sigaddset(&result, SIGTERM);
  return result;
}

// Runs in the child. Only calls that are allowed between fork and exec.
[[noreturn]] void become(char* const* command, const char* output, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent)
    _exit(127);
  auto file = ::open(output, O_WRONLY | O_CREAT | O_APPEND, 0644);
  if (file >= 0) {
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
  }
  std::signal(SIGXFSZ, SIG_IGN);
  auto blocked = end_signals();
  sigprocmask(SIG_UNBLOCK, &blocked, nullptr);
  execv(command[0], command);
  _exit(127);
}

} // namespace

child::child(const std::vector<std::string>& command, const std::string& output) {
  std::vector<char*> words;
  for (auto& word : command)
    words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  auto parent = getpid();
  id_ = fork();
  if (id_ < 0)
    throw std::system_error{errno, std::generic_category(), "fork"};
  if (id_ == 0)
    become(words.data(), output.c_str(), parent);
}

child::child(child&& other) noexcept
  : id_(std::exchange(other.id_, 0)), status_(std::exchange(other.status_, 0)) {
}

child& child::operator=(child&& other) noexcept {
  std::swap(id_, other.id_);
  std::swap(status_, other.status_);
  return *this;
}

child::~child() {
  kill();
}

void child::signal(int number) const {
  if (id_ > 0)
    ::kill(id_, number);
}

void child::kill() {
  if (id_ <= 0)
    return;
  ::kill(id_, SIGKILL);
  while (waitpid(id_, &status_, 0) < 0 && errno == EINTR)
    ;
  id_ = 0;
}

bool child::has_ended() {
  if (id_ > 0 && waitpid(id_, &status_, WNOHANG) == id_)
    id_ = 0;
  return id_ == 0;
}

bool end_requested_within(duration x) {
  auto signals = end_signals();
  auto nanoseconds = std::chrono::nanoseconds{x}.count();
  std::timespec limit{nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
  return sigtimedwait(&signals, nullptr, &limit) > 0;
}

void block_end_signals() {
  auto signals = end_signals();
  sigprocmask(SIG_BLOCK, &signals, nullptr);
}

} // namespace reliability
