// How the program ends: its exit statuses, and the exception that carries one.
#pragma once

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

namespace lockserver::program {

/// Exit statuses, after BSD's <sysexits.h>. `--help` explains them to users.
enum class exit_status : int {
  ok = 0,
  usage = 64,         ///< A wrong option, value or configuration file.
  unavailable = 69,   ///< Cannot listen; or no server there to talk to.
  internal = 70,      ///< An error that should not happen.
  cannot_create = 73, ///< The pid file or the log file cannot be written.
  still_there = 75,   ///< The server did not end in time.
  refused = 77,       ///< The server or the system did not allow it.
};

/// Ends the program with a sentence for its user. The sentence names what is
/// wrong and, where there is something, what would be right.
class failure : public std::runtime_error {
public:
  failure(exit_status status, const std::string& sentence)
    : std::runtime_error(sentence), status_(status) {
  }

  exit_status status() const noexcept {
    return status_;
  }

private:
  exit_status status_;
};

/// What the system says about the call that has just failed.
inline std::string last_error() {
  return std::system_category().message(errno);
}

} // namespace lockserver::program
