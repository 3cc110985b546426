// The form in which the JSON dialect's calls hand out a result, or why there is
// none.
#pragma once

#include "lockserver/client_types.hpp"
#include "lockserver/errc.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

namespace lockserver::client {

/// A reason, for programs and for people.
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
};

/// What a call came to: a `T`, or the problem that there is none. Converts to
/// true when there is a `T`; `*` and `->` are only allowed then.
template <class T>
class [[nodiscard]] answer {
public:
  /// For containers and coroutines: nothing has come of it yet.
  answer() : content_(problem{}) {
  }
  answer(T x) : content_(std::move(x)) {
  }
  answer(problem x) : content_(std::move(x)) {
  }

  explicit operator bool() const noexcept {
    return std::holds_alternative<T>(content_);
  }

  T& operator*() {
    return *std::get_if<T>(&content_);
  }
  const T& operator*() const {
    return *std::get_if<T>(&content_);
  }
  T* operator->() {
    return std::get_if<T>(&content_);
  }
  const T* operator->() const {
    return std::get_if<T>(&content_);
  }

  /// The result; throws `std::system_error` with the problem when there is none.
  T& value() {
    if (!*this)
      throw std::system_error(error(), why().detail);
    return **this;
  }

  /// The problem's code; clear when there is none.
  std::error_code error() const noexcept {
    return *this ? std::error_code{} : std::get_if<problem>(&content_)->code;
  }

  /// @pre there is no result.
  const problem& why() const {
    return *std::get_if<problem>(&content_);
  }

private:
  std::variant<T, problem> content_;
};

/// The result of a call that has no other than that it worked.
struct done {};

} // namespace lockserver::client
