// What can be read again while a server serves, as one set: all that has changed takes
// the place of what was there, or, when one thing is wrong, nothing does.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace spdlog {
class logger;
}

namespace lockserver {

/// Used by one thread, but for `failures`.
class reloader {
public:
  /// Puts something that was read and checked in its place. Must not throw.
  using commit = std::function<void()>;
  /// Reads and checks it. Returns nothing when it is as it was; throws
  /// `std::invalid_argument` with a sentence that names the file when it is wrong.
  using prepare = std::function<commit()>;

  /// @param log where it says what has changed, or why nothing has; outlives this.
  explicit reloader(spdlog::logger& log) : log_(log) {
  }

  void add(std::string name, prepare x) {
    parts_.emplace_back(std::move(name), std::move(x));
  }
  void clear() {
    parts_.clear();
  }
  bool empty() const noexcept {
    return parts_.empty();
  }

  /// What a look came to. There is a sentence unless all is as it was before the look.
  struct result {
    bool is_failure = false;
    std::string sentence{};
  };

  /// @param asked somebody waits for it, and is told in any case what came of it.
  result look(bool asked);

  /// Looks that found something wrong.
  std::uint64_t failures() const noexcept {
    return failures_;
  }

private:
  result failed(const std::string& why, bool asked);

  spdlog::logger& log_;
  std::vector<std::pair<std::string, prepare>> parts_;
  std::string last_problem_; // of the last look
  std::atomic<std::uint64_t> failures_{0};
};

} // namespace lockserver
