// A program that runs beside the test, and is killed at its end. The test reads its
// output line by line, and writes to its input.
#pragma once

#include "tests/support/raw_client.hpp"

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace test {

class child_process {
public:
  /// @param command the program's path and its arguments. Its standard error is the
  ///        test's.
  explicit child_process(std::vector<std::string> command);
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;
  /// Kills it.
  ~child_process();

  /// Writes a line to its input.
  void tell(std::string line);

  /// Closes its input.
  void close_input();

  /// Returns the next line of its output, without the line end. Throws
  /// `std::runtime_error` if none comes in time.
  std::string line(std::chrono::milliseconds limit = patience);

  /// The rest of the next line that begins with `prefix`. Skips other lines.
  std::string line_with(const std::string& prefix, std::chrono::milliseconds limit = patience);

  /// Whether all of its output has been read.
  bool silent();

  void signal(int number);

  /// Stops it (SIGSTOP). Returns when all its threads have stopped.
  void stop();
  /// Continues it.
  void go_on();

  /// Kills it. Returns when it has ended and its sockets are closed.
  void kill();

  /// The exit status; 128 + n after signal n. Kills the process if that takes too long.
  int wait(std::chrono::milliseconds limit = patience);

private:
  bool receive(clock::time_point deadline);

  pid_t pid_ = -1;
  int socket_ = -1; // its standard input and output
  std::string received_;
};

} // namespace test
