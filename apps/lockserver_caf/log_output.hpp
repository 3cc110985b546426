// Where the program's log goes, and how it goes on after a rotation.
#pragma once

#include "apps/lockserver_caf/options.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/dist_sink.h>

#include <memory>
#include <string>

namespace lockserver::program {

/// The log, in a file or on standard error.
class log_output {
public:
  /// Throws `failure` when the file cannot be written.
  explicit log_output(const options& x);

  log_output(const log_output&) = delete;
  log_output& operator=(const log_output&) = delete;

  const std::shared_ptr<spdlog::logger>& log() const noexcept {
    return log_;
  }

  /// Opens the log file again by its name: who rotates logs has renamed the old
  /// one. Standard streams that went to the old file (see `background::detach`)
  /// go to the new one, too. A file that cannot be opened is reported in the old
  /// one, which is kept. Without a log file the log says that there is none.
  ///
  /// Others may log meanwhile, but it must not be called twice at a time.
  void reopen();

private:
  void open();

  std::string file_;    // empty: standard error
  int descriptor_ = -1; // of the file that is open, which its sink owns
  std::shared_ptr<spdlog::sinks::dist_sink_mt> sinks_;
  std::shared_ptr<spdlog::logger> log_;
};

} // namespace lockserver::program
