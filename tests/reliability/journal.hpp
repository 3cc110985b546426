// The record of a client process, in a file that is complete even if the process is
// killed. It has a line before each request and a line after each answer.
#pragma once

#include "tests/reliability/history.hpp"

#include <atomic>
#include <string>
#include <vector>

namespace reliability {

class journal {
public:
  /// Creates the file. Throws `std::system_error`.
  explicit journal(const std::string& path);
  ~journal();
  journal(const journal&) = delete;
  journal& operator=(const journal&) = delete;

  // Thread-safe. Throw `std::system_error` when the file cannot be written.

  /// Records a request. Returns a number for `answered`.
  std::uint64_t asked(const operation& x);

  /// Records the answer: the members of `x` that `asked` did not have.
  void answered(std::uint64_t number, const operation& x);

private:
  void write(const std::string& line);

  int file_;
  std::atomic<std::uint64_t> last_{0};
};

/// Adds the operations of the file. An operation without an answer is `unknown`. An
/// unfinished line is ignored. Throws `std::runtime_error` for a file that is no journal.
void read_journal(const std::string& path, std::vector<operation>& to);

} // namespace reliability
