// The result of a client's call: a value, or a problem.
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

/// Why a call has no result, for programs and for people. Compares with its code:
/// `problem == errc::held`, `problem == std::errc::timed_out`.
struct problem {
  /// An `errc`; or `std::errc::invalid_argument` for input that no server accepts (the
  /// client has sent nothing then); or the system's code when no connection could be made
  /// ("Connection refused", "Host not found").
  std::error_code code{};
  /// One sentence: the server's own, or the address of the server and the text of the
  /// code.
  std::string detail{};
  /// Who holds the lock, at most ten: with `held`, `wait_timeout` and `not_holder`.
  std::vector<holder> holders{};
  /// How many hold it.
  std::uint64_t holder_count = 0;
  /// How many wait: with `held` and `wait_timeout`.
  std::uint64_t queue_length = 0;
  /// The semaphore's size: with `limit_mismatch`.
  std::optional<std::uint32_t> limit{};
  /// How long the server asks the client to wait before it asks again; none: not said.
  std::optional<std::chrono::seconds> retry_after{};

  friend bool operator==(const problem& x, const std::error_code& y) noexcept {
    return x.code == y;
  }
  friend bool operator==(const problem& x, const std::error_condition& condition) noexcept {
    return x.code == condition;
  }
};

/// The result of a blocking call: a `T`, or a problem. Converts to true on success; `*`
/// and `->` are allowed only then. `error()` returns the problem, and `value()` throws it
/// as a `std::system_error`.
template <class T>
using answer = boost::system::result<T, problem>;

/// What `answer::value` throws. Boost.System finds this function by its name.
[[noreturn]] inline void throw_exception_from_error(const problem& x,
                                                    const boost::source_location&) {
  throw std::system_error{x.code, x.detail};
}

} // namespace lockserver::client
