// Keeps the audit log in a file. Knows no settings except its name and the level.
#pragma once

#include "actors/rules/recurring_failure.hpp"
#include "net/access/audit_line.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace lockserver {

/// Appends lines to a file, each with one write(2). It does not wait for the disk. If the
/// file was renamed or removed, it is made again, at most a second of entries later. Until
/// then the lines go to the old one.
///
/// Thread-safe. Whoever writes waits for the file system: a file on a network may block.
class audit_file {
public:
  /// What a report is about.
  enum class trouble : std::uint8_t {
    lasts, ///< Lines are lost. Reported when it begins, and once a minute.
    over,  ///< All lines have been written for a while.
  };

  /// Is told about trouble, with a sentence. Called by the threads that write.
  using report = std::function<void(trouble, const std::string& sentence)>;

  /// Opens the file, and makes it if it is not there: 0640, less what the umask forbids.
  /// Throws `std::invalid_argument` with a sentence that names it if that is not possible.
  /// @param on_trouble may be empty
  audit_file(std::string name, audit_level level, report on_trouble);

  /// Writes the event, if the level includes it. Returns false if its line is lost. The time
  /// of the entry counts as the present time.
  bool write(const audit_entry& x) noexcept;

  /// Opens the file again by its name, and returns what puts it in the place of the old
  /// one; nothing if it is the same. Throws as the constructor does; then the old one stays.
  /// What is returned does not throw, and must not outlive this.
  std::function<void()> prepare_reopen();

  /// Opens the file again by its name, as after its rotation. Throws as `prepare_reopen` does.
  void reopen();

  /// How many lines have been lost.
  std::uint64_t failures() const noexcept {
    return failures_;
  }

  /// Whether the last line was lost.
  bool is_failing() const noexcept {
    return is_failing_;
  }

private:
  struct open_file;
  using time_point = std::chrono::system_clock::time_point;
  using incident = recurring_failure::matter;

  static std::shared_ptr<open_file> opened(const std::string& name);
  int append(const std::string& line, time_point now) noexcept;
  void look(time_point now) noexcept;
  std::optional<incident> noted(int error, time_point now) noexcept;
  void tell(const incident& x, int error) const noexcept;

  const std::string name_;
  const audit_level level_;
  const report on_trouble_;
  std::atomic<std::uint64_t> failures_{0};
  std::atomic<bool> is_failing_{false};

  std::mutex mutex_; // protects the others
  std::shared_ptr<open_file> file_;
  time_point looked_{}; // for a file that was renamed or removed
  recurring_failure incident_;
};

} // namespace lockserver
