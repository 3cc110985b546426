// A program that runs beside the test, and is killed with it: what it prints is
// read line by line, and what it reads is written to it.
#pragma once

#include "tests/support/raw_client.hpp"

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace test {

class child_process {
public:
  /// @param command the program's path and its arguments. Its errors go where
  ///        the test's do.
  explicit child_process(std::vector<std::string> command);
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;
  /// Kills it.
  ~child_process();

  /// Writes a line to its input.
  void tell(std::string line);

  /// Closes its input.
  void close_input();

  /// The next line that it prints, without the end; throws
  /// `std::runtime_error` when none comes in time.
  std::string line(std::chrono::milliseconds limit = patience);

  /// The next line that begins with `prefix`, without that; others are skipped.
  std::string line_with(const std::string& prefix, std::chrono::milliseconds limit = patience);

  /// Whether it has printed nothing that was not read yet.
  bool silent();

  void signal(int number);

  /// Stops it (SIGSTOP), and returns when all its threads stand.
  void stop();
  /// Lets it go on.
  void go_on();

  /// Kills it, and returns when it is gone and its sockets are closed.
  void kill();

  /// Its exit status; 128 + n when signal n has ended it. Kills it when that
  /// takes too long.
  int wait(std::chrono::milliseconds limit = patience);

private:
  bool receive(clock::time_point deadline);

  pid_t pid_ = -1;
  int socket_ = -1; // its standard input and output
  std::string received_;
};

} // namespace test
