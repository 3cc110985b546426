// How the readers of requests say that something is wrong: they throw, and the
// dialect turns it into a refusal.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace lockserver {

/// Thrown for a request that is refused before anyone is asked.
struct bad_input : std::runtime_error {
  explicit bad_input(const std::string& sentence, int status_ = 400,
                     std::string_view code_ = "bad_request", std::string_view allow_ = {})
    : std::runtime_error(sentence), status(status_), code(code_), allow(allow_) {
  }

  int status;
  std::string_view code;  ///< Of static storage, as `allow`.
  std::string_view allow; ///< With status 405: the methods that are right.
};

} // namespace lockserver
