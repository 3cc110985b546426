#include "tests/support/child_process.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <stdexcept>
#include <system_error>

namespace test {

child_process::child_process(std::vector<std::string> command) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::system_error{errno, std::generic_category(), "socketpair"};
  std::vector<char*> arguments;
  for (auto& x : command)
    arguments.push_back(x.data());
  arguments.push_back(nullptr);
  // Between fork and exec, only async-signal-safe calls are allowed.
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(ends[1], STDIN_FILENO);
    ::dup2(ends[1], STDOUT_FILENO);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  socket_ = ends[0];
  if (pid_ < 0)
    throw std::system_error{errno, std::generic_category(), "fork"};
}

child_process::~child_process() {
  kill();
  ::close(socket_);
}

void child_process::tell(std::string line) {
  line += '\n';
  if (::send(socket_, line.data(), line.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(line.size()))
    throw std::runtime_error{"the child process takes no input: " + line};
}

void child_process::close_input() {
  ::shutdown(socket_, SHUT_WR);
}

// Returns whether there was something to read.
bool child_process::receive(clock::time_point deadline) {
  auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now()).count();
  pollfd events{socket_, POLLIN, 0};
  if (::poll(&events, 1, static_cast<int>(std::max<decltype(left)>(left, 0))) <= 0)
    return false;
  char bytes[4096];
  auto size = ::recv(socket_, bytes, sizeof(bytes), 0);
  if (size > 0)
    received_.append(bytes, static_cast<std::size_t>(size));
  return size > 0;
}

std::string child_process::line(std::chrono::milliseconds limit) {
  auto deadline = clock::now() + limit;
  for (;;) {
    if (auto end = received_.find('\n'); end != std::string::npos) {
      auto result = received_.substr(0, end);
      received_.erase(0, end + 1);
      return result;
    }
    if (!receive(deadline))
      throw std::runtime_error{"the child process has not printed a line"};
  }
}

std::string child_process::line_with(const std::string& prefix, std::chrono::milliseconds limit) {
  auto deadline = clock::now() + limit;
  std::string skipped;
  try {
    for (;;) {
      auto x = line(std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now()));
      if (x.starts_with(prefix))
        return x.substr(prefix.size());
      skipped += x + '\n';
    }
  } catch (const std::runtime_error&) {
    throw std::runtime_error{"the child process has not printed '" + prefix + "', but:\n" + skipped
                             + received_};
  }
}

bool child_process::silent() {
  while (receive(clock::now()))
    ;
  return received_.empty();
}

void child_process::signal(int number) {
  if (pid_ > 0)
    ::kill(pid_, number);
}

void child_process::stop() {
  signal(SIGSTOP);
  int status = 0;
  ::waitpid(pid_, &status, WUNTRACED);
}

void child_process::go_on() {
  signal(SIGCONT);
}

void child_process::kill() {
  if (pid_ <= 0)
    return;
  signal(SIGKILL);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
}

int child_process::wait(std::chrono::milliseconds limit) {
  int status = 0;
  auto ended = eventually([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; }, limit);
  if (!ended) {
    kill();
    throw std::runtime_error{"the child process has not ended in time"};
  }
  pid_ = -1;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

} // namespace test
