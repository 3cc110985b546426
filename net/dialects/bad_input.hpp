// How the readers of requests say that something is wrong: they throw, and the
// dialect turns it into a refusal.
#pragma once

#include "lockserver/errc.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

namespace lockserver {

/// Thrown for a request that is refused before anyone is asked.
struct bad_input : std::runtime_error {
  explicit bad_input(const std::string& sentence, errc code_ = errc::bad_request,
                     std::string_view allow_ = {})
    : std::runtime_error(sentence), code(code_), allow(allow_) {
  }

  errc code;
  std::string_view allow; ///< With status 405: the methods that are right. Of static storage.
};

} // namespace lockserver
