// How the readers of requests report an error: they throw, and the dialect makes a
// refusal of it.
#pragma once

#include "lockserver/errc.hpp"
#include "net/session/refusal.hpp"

#include <stdexcept>
#include <string>

namespace lockserver {

/// Thrown for a request that is refused before any actor is asked.
struct bad_input : std::runtime_error {
  explicit bad_input(const std::string& sentence, errc code_ = errc::bad_request)
    : std::runtime_error(sentence), code(code_) {
  }

  errc code;
};

/// Returns what `f` returns, or the refusal for the `bad_input` that it throws.
template <class F>
auto or_refusal(F f) -> decltype(f()) {
  try {
    return f();
  } catch (const bad_input& wrong) {
    return refusal{wrong.code, wrong.what()};
  }
}

} // namespace lockserver
