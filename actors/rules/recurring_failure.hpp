// Decides when to report a failure that recurs. Pure: it is told the time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace lockserver {

/// Failures that follow each other closely are one incident. It is reported when it
/// begins, once a minute while it lasts, and when it is over. It is over when an
/// operation succeeds and none has failed for `quiet`. A single success does not end it,
/// because operations that lack a resource still succeed now and then.
class recurring_failure {
public:
  using clock = std::chrono::steady_clock;

  static constexpr auto reminder = std::chrono::minutes{1};
  static constexpr auto quiet = std::chrono::seconds{10};

  struct matter {
    std::uint64_t failures = 0;
    clock::duration lasted{}; ///< From the first failure to the last.
  };

  /// Notes a failure. Returns the incident if it must be reported.
  std::optional<matter> failed(clock::time_point now) {
    if (failures_++ == 0)
      first_ = now;
    last_ = now;
    if (failures_ > 1 && now < next_line_)
      return std::nullopt;
    next_line_ = now + reminder;
    return matter{failures_, last_ - first_};
  }

  /// Notes a success. Returns the incident if it is over.
  std::optional<matter> succeeded(clock::time_point now) {
    if (failures_ == 0 || now < last_ + quiet)
      return std::nullopt;
    matter result{failures_, last_ - first_};
    failures_ = 0;
    return result;
  }

private:
  std::uint64_t failures_ = 0;
  clock::time_point first_{};
  clock::time_point last_{};
  clock::time_point next_line_{};
};

} // namespace lockserver
