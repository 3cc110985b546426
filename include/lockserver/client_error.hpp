// The form in which a client's calls hand out a result, or why there is none.
#pragma once

#include "lockserver/client_types.hpp"
#include "lockserver/errc.hpp"

#include <boost/system/result.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace lockserver::client {

/// A reason, for programs and for people. Compares with its code:
/// `problem == errc::held`, `problem == std::errc::timed_out`.
struct problem {
  /// An `errc`, `std::errc::invalid_argument` for input that no server takes
  /// (nothing was sent then), or the system's code for a connection that could
  /// not be made ("Connection refused", "Host not found").
  std::error_code code{};
  /// One sentence: the server's own, or whom the code is about and its text.
  std::string detail{};
  /// Who holds the lock, ten at most: with `held`, `wait_timeout` and `not_holder`.
  std::vector<holder> holders{};
  /// How many do.
  std::uint64_t holder_count = 0;
  /// How many wait: with `held` and `wait_timeout`.
  std::uint64_t queue_length = 0;
  /// The semaphore's size: with `limit_mismatch`.
  std::optional<std::uint32_t> limit{};
  /// After how long the server asks to be asked again; none: it does not say.
  std::optional<std::chrono::seconds> retry_after{};

  friend bool operator==(const problem& x, const std::error_code& y) noexcept {
    return x.code == y;
  }
  friend bool operator==(const problem& x, const std::error_condition& condition) noexcept {
    return x.code == condition;
  }
};

/// What a blocking call came to: a `T`, or the problem that there is none. Converts
/// to true when it worked; `*` and `->` are only allowed then. `error()` is the
/// problem, and `value()` throws it as a `std::system_error`.
template <class T>
using answer = boost::system::result<T, problem>;

/// What `answer::value` throws; found by Boost.System.
[[noreturn]] inline void throw_exception_from_error(const problem& x,
                                                    const boost::source_location&) {
  throw std::system_error{x.code, x.detail};
}

} // namespace lockserver::client
