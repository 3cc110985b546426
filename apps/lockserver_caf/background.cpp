#include "apps/lockserver_caf/background.hpp"

#include "apps/lockserver_caf/failure.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <iostream>

namespace lockserver::program {

namespace {

[[noreturn]] void fail(const std::string& what) {
  throw failure{exit_status::internal, "cannot start: " + what + ": " + last_error()};
}

void redirect(int from, const std::string& path, int flags) {
  auto fd = open(path.c_str(), flags | O_CLOEXEC, 0644);
  if (fd < 0)
    throw failure{exit_status::cannot_create, "cannot open " + path + ": " + last_error()};
  dup2(fd, from);
  close(fd);
}

} // namespace

background::background() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    fail("pipe");
  auto parent = getpid();
  child_ = fork();
  if (child_ < 0)
    fail("fork");
  pipe_ = ends[is_parent() ? 0 : 1];
  close(ends[is_parent() ? 1 : 0]);
  if (!is_parent()) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) // the parent has already ended
      std::_Exit(static_cast<int>(exit_status::unavailable));
  }
}

background::~background() {
  close(pipe_);
}

int background::wait() const {
  char byte = 0;
  ssize_t n = 0;
  do {
    n = read(pipe_, &byte, 1);
  } while (n < 0 && errno == EINTR);
  if (n == 1) {
    std::cout << child_ << std::endl;
    return static_cast<int>(exit_status::ok);
  }
  int status = 0;
  while (waitpid(child_, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) {
    std::cerr << "lockserver-caf: the started process was ended by signal " << WTERMSIG(status)
              << '\n';
    return 128 + WTERMSIG(status);
  }
  // 0 without `detach`: the child was told to stop while it was starting.
  auto code = WEXITSTATUS(status);
  return code != 0 ? code : static_cast<int>(exit_status::unavailable);
}

void background::detach(const std::string& log_file) {
  setsid();
  auto sink = log_file.empty() ? std::string{"/dev/null"} : log_file;
  redirect(STDIN_FILENO, "/dev/null", O_RDONLY);
  redirect(STDOUT_FILENO, sink, O_WRONLY | O_CREAT | O_APPEND);
  redirect(STDERR_FILENO, sink, O_WRONLY | O_CREAT | O_APPEND);
  prctl(PR_SET_PDEATHSIG, 0);
  if (write(pipe_, "", 1) != 1)
    fail("the parent does not listen");
  close(pipe_);
  pipe_ = -1;
}

} // namespace lockserver::program
