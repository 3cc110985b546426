// How the programs end when something is wrong: the exception that carries the
// sentence and the exit status.
#pragma once

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

namespace lockserver {

/// Ends the program with a sentence for its user. The sentence names what is
/// wrong and, where there is something, what would be right.
/// @tparam Status the program's exit statuses.
template <class Status>
class program_failure : public std::runtime_error {
public:
  program_failure(Status status, const std::string& sentence)
    : std::runtime_error(sentence), status_(status) {
  }

  Status status() const noexcept {
    return status_;
  }

private:
  Status status_;
};

/// What the system says about the call that has just failed.
inline std::string last_error() {
  return std::system_category().message(errno);
}

} // namespace lockserver
