// How the programs end after an error: an exception that carries the sentence and the
// exit status.
#pragma once

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

namespace lockserver {

/// Ends the program with a sentence for its user. The sentence says what is wrong and, if
/// possible, what would be right.
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

/// The system's text for the last failed call.
inline std::string last_error() {
  return std::system_category().message(errno);
}

} // namespace lockserver
