// The audit log of a server: which events are written, and what happens when they cannot be.
#pragma once

#include "net/access/audit_file.hpp"
#include "net/access/audit_line.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace lockserver {

/// A server has one, which is empty unless it has a file. Thread-safe.
class audit_log {
public:
  /// Writes nothing.
  audit_log() = default;

  /// @param required operators may do nothing that cannot be written
  audit_log(std::unique_ptr<audit_file> file, audit_level level, bool required)
    : file_(std::move(file)), level_(level), is_required_(required) {
  }

  /// Whether such an event is written.
  bool takes(audit_event x) const noexcept {
    return file_ != nullptr && is_audited(x, level_);
  }

  /// Whether what an operator does must be written first.
  bool is_required() const noexcept {
    return is_required_;
  }

  /// Refusals that are written in one second. Clients without any right can cause them, and
  /// could fill the disk; 20 lines a second are about 300 MB a day.
  static constexpr unsigned refusals_per_second = 20;

  /// Writes an event. Of too many refusals, it writes how many there were, with the next that
  /// is written.
  /// @return whether it is written, or need not be
  bool write(const audit_entry& x) noexcept;

  /// Null without a file.
  audit_file* file() const noexcept {
    return file_.get();
  }

private:
  std::unique_ptr<audit_file> file_;
  audit_level level_ = audit_level::off;
  bool is_required_ = false;
  std::mutex mutex_;                               // of the others, which are about refusals
  std::chrono::system_clock::time_point second_{}; // when the counts began
  unsigned written_ = 0;
  std::uint64_t left_out_ = 0;
};

} // namespace lockserver
