// Why a client's call came to nothing: error codes, and the form in which the
// JSON dialect's calls hand out a result or a reason.
#pragma once

#include "lockserver/client_types.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace lockserver {

/// Why a call has no result. A connection that could not be made has the
/// system's own code instead ("Connection refused", "Host not found"), unless
/// it took too long.
enum class client_errc {
  bad_request = 1, ///< The server refused the request as wrong (400).
  unavailable, ///< First dialect: the server stops, is overloaded, or serves too many (503, 429).
               ///< Both: it is being started.
  bad_answer,  ///< Something answered, but not as a lock server does.
  timeout,     ///< No connection, or no answer, in time.
  connection_lost, ///< The connection broke before the answer was complete.

  // Only the JSON dialect tells these apart.
  held,            ///< Somebody else holds the lock, and the request did not want to wait.
  wait_timeout,    ///< Somebody else held the lock for as long as the request waited.
  already_held,    ///< This owner holds the lock already.
  already_waiting, ///< This owner waits for the lock already.
  limit_mismatch,  ///< The key is a semaphore of another size.
  not_holder,      ///< The lock is not, or no longer, this owner's, or not by this token.
  wrong_owner,     ///< The lease belongs to another owner.
  lease_expired,   ///< There is no such lease, or no longer.
  too_many,        ///< The server's limit of keys, waiters, connections or leases is reached.
  stopping,        ///< The server is stopping.
  store_failed,    ///< The server's disk is full or fails: nothing was changed.
  server_error,    ///< The server has failed (500), or a proxy in front of it.
  cancelled,       ///< The caller called the operation off.
  expired,         ///< A held lock could not be renewed before its time was over.
};

/// The category `lockserver.rest_client`.
const std::error_category& client_category() noexcept;

inline std::error_code make_error_code(client_errc x) noexcept {
  return {static_cast<int>(x), client_category()};
}

} // namespace lockserver

template <>
struct std::is_error_code_enum<lockserver::client_errc> : std::true_type {};

namespace lockserver::client {

/// A reason, for programs and for people.
struct problem {
  /// A `client_errc`, `std::errc::invalid_argument` for input that no server
  /// takes (nothing was sent then), or the system's code for a connection that
  /// could not be made.
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
