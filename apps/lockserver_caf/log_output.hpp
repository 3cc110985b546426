// The destination of the program's log, and its rotation.
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

  /// Opens the log file again by its name, after log rotation has renamed the old one.
  /// Redirects the standard streams that go to the old file (see `background::detach`) to
  /// the new one, too. If the new file cannot be opened, this is reported in the old one,
  /// which stays in use. Without a log file, the log says that there is none.
  ///
  /// Other threads may log meanwhile, but only one at a time may call this.
  void reopen();

private:
  void open();

  std::string file_;    // empty: standard error
  int descriptor_ = -1; // of the open file, which its sink owns
  std::shared_ptr<spdlog::sinks::dist_sink_mt> sinks_;
  std::shared_ptr<spdlog::logger> log_;
};

} // namespace lockserver::program
