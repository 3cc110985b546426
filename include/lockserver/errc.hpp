// The outcomes of requests: one table for the server, both clients and lockctl. Knows
// neither CAF nor HTTP libraries. `errc` is a `std::error_code`, and with caf_error.hpp
// also a code of `caf::error`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

// clang-format off
/// One row for each outcome. All others read this table: the server's dialects, the
/// clients, lockctl, and the tests that compare it with net/openapi.yaml. Columns:
///
/// 1. The enumerator.
/// 2. `code` in the HTTP API. Several enumerators may share one; then only the sentence
///    differs. A client reads the code as the first of them.
/// 3. The HTTP status. 0: only a client finds this outcome; a server never sends it.
/// 4. `again`: the same request may succeed later, because the reason is a passing state
///    of the server or the network.
/// 5. The exit status of lockctl: 0 yes, 1 no, 64 wrong input, 69 no usable server, 70
///    lost, 75 not obtained.
/// 6. The `std::errc` that it equals as an error condition.
/// 7. The sentence, for people.
#define LOCKSERVER_OUTCOMES(row)                                                                      \
  row(ok,                     "ok",                     200, no,     0, none,                           "done") \
  row(not_held,               "not_held",               200, no,     1, none,                           "nobody holds the lock") \
  row(bad_request,            "bad_request",            400, no,    64, invalid_argument,               "the request is wrong") \
  row(has_lease,              "bad_request",            400, no,    64, invalid_argument,               "the lock belongs to a lease: renew the lease") \
  row(unauthenticated,        "unauthenticated",        401, no,    69, permission_denied,              "the server does not know the client: the request has no credentials, or wrong ones") \
  row(forbidden,              "forbidden",              403, no,    69, permission_denied,              "the client does not have the right for this request") \
  row(owner_not_yours,        "owner_not_yours",        403, no,    69, permission_denied,              "the client may not act for this owner") \
  row(tls_required,           "tls_required",           403, no,    69, permission_denied,              "a token may be sent only over TLS, or from the server's own machine") \
  row(cross_site,             "cross_site",             403, no,    69, permission_denied,              "the request comes from another web site") \
  row(host_not_allowed,       "host_not_allowed",       403, no,    69, permission_denied,              "the server does not serve this host name") \
  row(not_found,              "not_found",              404, no,    69, function_not_supported,         "there is no such path") \
  row(method_not_allowed,     "method_not_allowed",     405, no,    69, function_not_supported,         "the path does not have this method") \
  row(already_held,           "already_held",           409, no,    75, resource_deadlock_would_occur,  "this owner already holds the lock; to repeat a request whose answer was lost, send the same request_id again; to take over the lock of a predecessor with this name that has died, renew it without a token, or ask again when its time is over") \
  row(already_waiting,        "already_waiting",        409, no,    75, resource_deadlock_would_occur,  "this owner already waits for the lock; to repeat a request whose answer was lost, send the same request_id again") \
  row(limit_mismatch,         "limit_mismatch",         409, no,    75, none,                           "the key is in use with another limit") \
  row(not_holder,             "not_holder",             409, no,     1, operation_not_permitted,        "this owner, or this token, does not hold the lock (any more)") \
  row(wrong_owner,            "wrong_owner",            409, no,     1, operation_not_permitted,        "the lease belongs to another owner") \
  row(lease_expired,          "lease_expired",          410, no,     1, none,                           "there is no such lease (any more)") \
  row(too_large,              "too_large",              413, no,    64, message_size,                   "the body of the request is too long") \
  row(uri_too_long,           "uri_too_long",           414, no,    64, message_size,                   "the target of the request is too long") \
  row(unsupported_media_type, "unsupported_media_type", 415, no,    69, function_not_supported,         "the Content-Type must be application/json") \
  row(expectation_failed,     "expectation_failed",     417, no,    69, function_not_supported,         "the only Expect that is supported is 100-continue") \
  row(held,                   "held",                   423, no,    75, device_or_resource_busy,        "the lock is held, or others wait for it, and the request does not wait") \
  row(wait_timeout,           "wait_timeout",           423, no,    75, device_or_resource_busy,        "the lock did not become free in time") \
  row(too_many,               "too_many",               429, no,    75, resource_unavailable_try_again, "a limit of the server is reached") \
  row(too_many_keys,          "too_many",               429, no,    75, resource_unavailable_try_again, "the server has reached its limit of keys, see max_keys") \
  row(too_many_waiters,       "too_many",               429, no,    75, resource_unavailable_try_again, "the key has reached its limit of waiters, see max_waiters_per_key") \
  row(too_many_waits,         "too_many",               429, no,    75, resource_unavailable_try_again, "the limit of waiting requests is reached, see max_connections: the other connections are for requests that do not wait") \
  row(too_many_locks,         "too_many",               429, no,    75, resource_unavailable_try_again, "the lease has reached its limit of locks, see max_locks_per_lease") \
  row(too_many_leases,        "too_many",               429, no,    75, resource_unavailable_try_again, "the server has reached its limit of leases, see max_leases") \
  row(headers_too_large,      "headers_too_large",      431, no,    64, message_size,                   "the head of the request is too long") \
  row(internal,               "internal",               500, no,    69, none,                           "the server has failed") \
  row(not_implemented,        "not_implemented",        501, no,    69, function_not_supported,         "the server does not know this method or transfer coding") \
  row(version_not_supported,  "version_not_supported",  505, no,    69, protocol_not_supported,         "the server speaks HTTP/1 only") \
  row(stopping,               "stopping",               503, again, 69, resource_unavailable_try_again, "the server is stopping") \
  row(recovering,             "recovering",             503, again, 69, resource_unavailable_try_again, "the server has just been started and is still reading its stored locks") \
  row(no_answer,              "no_answer",              503, again, 69, resource_unavailable_try_again, "the server is overloaded: one of its parts did not answer in time") \
  row(store_failed,           "store_failed",           503, no,    69, resource_unavailable_try_again, "the server cannot write to its disk, and has changed nothing") \
  row(audit_failed,           "audit_failed",           503, no,    69, resource_unavailable_try_again, "the server cannot write to its audit log, which it must do before this; nothing has changed") \
  row(restart_grace,          "restart_grace",          503, again, 69, resource_unavailable_try_again, "the server has just been started and does not know who holds what") \
  row(unavailable,            "unavailable",              0, again, 69, resource_unavailable_try_again, "the server, or a proxy before it, cannot serve the request now") \
  row(unreachable,            "unreachable",              0, again, 69, host_unreachable,               "no connection to the server could be made in time") \
  row(timeout,                "timeout",                  0, again, 69, timed_out,                      "no answer in time") \
  row(connection_lost,        "connection_lost",          0, again, 69, connection_reset,               "the connection was lost before the answer") \
  row(bad_answer,             "bad_answer",               0, no,    69, bad_message,                    "not the answer of a lock server") \
  row(cancelled,              "cancelled",                0, no,    69, operation_canceled,             "the operation was cancelled") \
  row(expired,                "expired",                  0, no,    70, none,                           "the lock was not renewed in time")
// clang-format on

namespace lockserver {

/// The outcome of a request. The table above has a sentence for each value. `ok` counts
/// as no error.
enum class errc : std::uint8_t {
#define LOCKSERVER_ENUMERATOR(code, name, status, retry, exit_status, condition, sentence) code,
  LOCKSERVER_OUTCOMES(LOCKSERVER_ENUMERATOR)
#undef LOCKSERVER_ENUMERATOR
};

/// A row of the table.
struct outcome_row {
  errc code = errc::ok;
  std::string_view id{};   ///< The enumerator as text.
  std::string_view name{}; ///< `code` in the HTTP API.
  int status = 0;          ///< The HTTP status; 0: only clients know this outcome.
  bool retry = false;      ///< Whether the same request is worth sending again.
  int exit_status = 0;     ///< The exit status of lockctl.
  std::errc condition{};   ///< 0: none.
  std::string_view sentence{};
};

namespace detail {

using enum std::errc;
inline constexpr std::errc none{};
inline constexpr bool no = false;
inline constexpr bool again = true;

inline constexpr outcome_row outcome_rows[] = {
#define LOCKSERVER_ROW(code, name, status, retry, exit_status, condition, sentence)                \
  {errc::code, #code, name, status, retry, exit_status, condition, sentence},
  LOCKSERVER_OUTCOMES(LOCKSERVER_ROW)
#undef LOCKSERVER_ROW
};

} // namespace detail

/// All outcomes, in the order of their values.
inline constexpr auto outcomes = std::to_array(detail::outcome_rows);

/// The row of `x`. A value without a row, which another release may have sent, gets the
/// row of `internal`.
constexpr const outcome_row& row_of(errc x) noexcept {
  auto index = static_cast<std::size_t>(x);
  return outcomes[index < outcomes.size() ? index : static_cast<std::size_t>(errc::internal)];
}

/// The outcome with this `code` in the HTTP API; none: there is no such code.
constexpr std::optional<errc> errc_of(std::string_view name) noexcept {
  for (auto& x : outcomes)
    if (x.name == name)
      return x.code;
  return std::nullopt;
}

/// The first outcome that a server answers with this HTTP status; none: there is none.
constexpr std::optional<errc> errc_of_status(int status) noexcept {
  for (auto& x : outcomes)
    if (x.status == status)
      return x.code;
  return std::nullopt;
}

/// The enumerator as text, such as "wait_timeout".
inline std::string to_string(errc x) {
  return std::string{row_of(x).id};
}

/// The inverse of `to_string`; required by CAF 1.
inline bool from_string(std::string_view text, errc& out) {
  for (auto& x : outcomes)
    if (x.id == text) {
      out = x.code;
      return true;
    }
  return false;
}

/// Required by CAF 1.
inline bool from_integer(std::uint8_t value, errc& out) {
  if (value >= outcomes.size())
    return false;
  out = static_cast<errc>(value);
  return true;
}

/// The category `lockserver` of `std::error_code`s.
inline const std::error_category& errc_category() noexcept {
  class category_type final : public std::error_category {
  public:
    const char* name() const noexcept override {
      return "lockserver";
    }
    std::string message(int value) const override {
      return std::string{row_of(static_cast<errc>(value)).sentence};
    }
    // So that callers can compare with `std::errc::timed_out` without knowing `errc`.
    std::error_condition default_error_condition(int value) const noexcept override {
      auto condition = row_of(static_cast<errc>(value)).condition;
      if (condition == std::errc{})
        return {value, *this};
      return condition;
    }
  };
  static const category_type instance;
  return instance;
}

inline std::error_code make_error_code(errc x) noexcept {
  return {static_cast<int>(x), errc_category()};
}

} // namespace lockserver

template <>
struct std::is_error_code_enum<lockserver::errc> : std::true_type {};
