#include "apps/lockserver_caf/log_output.hpp"

#include "apps/lockserver_caf/failure.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

namespace lockserver::program {

namespace {

constexpr auto pattern = "%Y-%m-%d %H:%M:%S.%e %^%l%$ %v";

struct file_id {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const file_id&) const = default;
};

file_id id_of(int fd) {
  struct stat x {};
  fstat(fd, &x);
  return {x.st_dev, x.st_ino};
}

// Redirects to `to` the standard streams that go to the file `x`.
void redirect_streams(const file_id& x, int to) {
  for (auto stream : {STDOUT_FILENO, STDERR_FILENO})
    if (id_of(stream) == x)
      dup2(to, stream);
}

} // namespace

log_output::log_output(const options& x)
  : file_(x.log_file),
    sinks_(std::make_shared<spdlog::sinks::dist_sink_mt>()),
    log_(std::make_shared<spdlog::logger>("lockserver-caf", sinks_)) {
  log_->set_level(x.log_level);
  log_->flush_on(spdlog::level::trace);
  try {
    open();
  } catch (const spdlog::spdlog_ex& error) {
    throw failure{exit_status::cannot_create, std::string{"cannot write the log: "} + error.what()};
  }
}

void log_output::open() {
  spdlog::sink_ptr next;
  if (file_.empty()) {
    next = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  } else {
    spdlog::file_event_handlers events;
    events.after_open = [this](const spdlog::filename_t&, std::FILE* x) {
      auto last = std::exchange(descriptor_, fileno(x));
      if (last >= 0) // stays open until the new one is in use
        redirect_streams(id_of(last), descriptor_);
    };
    next = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file_, false, events);
  }
  next->set_pattern(pattern);
  sinks_->set_sinks({std::move(next)});
}

void log_output::reopen() {
  if (file_.empty()) {
    log_->info("SIGHUP is ignored by the log: there is no file to open again (--log-file)");
    return;
  }
  try {
    open();
    log_->info("SIGHUP: the log goes on in {}", file_);
  } catch (const spdlog::spdlog_ex& error) {
    log_->warn("SIGHUP: the log goes on in the old file: {}", error.what());
  }
}

} // namespace lockserver::program
