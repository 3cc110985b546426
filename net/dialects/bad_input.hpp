// How the readers of requests say that something is wrong: they throw, and the
// dialect turns it into a refusal.
#pragma once

#include "lockserver/errc.hpp"
#include "net/session/refusal.hpp"

#include <stdexcept>
#include <string>

namespace lockserver {

/// Thrown for a request that is refused before anyone is asked.
struct bad_input : std::runtime_error {
  explicit bad_input(const std::string& sentence, errc code_ = errc::bad_request)
    : std::runtime_error(sentence), code(code_) {
  }

  errc code;
};

/// What `f` returns, or the refusal that its complaint becomes.
template <class F>
auto or_refusal(F f) -> decltype(f()) {
  try {
    return f();
  } catch (const bad_input& wrong) {
    return refusal{wrong.code, wrong.what()};
  }
}

} // namespace lockserver
