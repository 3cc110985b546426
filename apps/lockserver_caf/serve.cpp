// The commands that serve: run and start.

#include "actors/compat/messaging.hpp"
#include "actors/quoted.hpp"
#include "actors/rules/settings_table.hpp"
#include "apps/lockserver_caf/background.hpp"
#include "apps/lockserver_caf/commands.hpp"
#include "apps/lockserver_caf/failure.hpp"
#include "apps/lockserver_caf/log_output.hpp"
#include "apps/lockserver_caf/pid_file.hpp"
#include "apps/lockserver_caf/signals.hpp"
#include "lockserver/server.hpp"
#include "net/access/client_network.hpp"
#include "net/session/host_rule.hpp"

#include <boost/asio/ip/address.hpp>

#include <spdlog/fmt/fmt.h>
#include <spdlog/logger.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <functional>
#include <iostream>
#include <optional>
#include <string>

namespace lockserver::program {

namespace {

// A connection is a file to the system. 64 are for everything else: the
// listening socket, the log, each thread's epoll and timer.
void allow_connections(std::size_t connections, unsigned threads, spdlog::logger& log) {
  rlim_t needed = connections + 4 * threads + 64;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed)
    return;
  limit.rlim_cur = std::min(needed, limit.rlim_max);
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < needed)
    log.warn("for max-connections {} open files are needed, but this process may have only {}: "
             "raise the hard limit (ulimit -Hn) or lower max-connections",
             needed, limit.rlim_cur);
}

// Who may write to the directory may replace the store. A new one is its owner's.
void look_at_rights(const std::string& directory, spdlog::logger& log) {
  struct stat x {};
  if (directory.empty() || stat(directory.c_str(), &x) != 0
      || (x.st_mode & (S_IWGRP | S_IWOTH)) == 0)
    return;
  log.warn("others may write to the data directory {}, its mode is {:o}, and so replace its locks: "
           "chmod 700 {}",
           directory, x.st_mode & 07777, directory);
}

bool reaches_other_machines(const std::string& host) {
  boost::system::error_code ec;
  auto address = boost::asio::ip::make_address(host, ec);
  return !ec && !is_this_machine(address);
}

// A setting that depends on another stands there as what it comes to.
void log_settings(settings x, spdlog::logger& log) {
  x.allowed_hosts = allowed_hosts(x);
  x.restart_grace = restart_grace(x);
  std::string line = "settings:";
  for (auto& row : settings_table())
    if (row.group != nullptr)
      line += fmt::format(" {}={}", row.name, quoted{text_of(row, x)});
  log.info(line);
}

// Serves until stopped. Calls `on_listening` with the address when clients can
// connect.
int serve(const options& x, const std::function<void(const std::string&)>& on_listening) {
  if (auto wrong = validate(x.server); !wrong.empty())
    throw failure{exit_status::usage, wrong};
  // Writing fails with an error instead.
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  hold_signals();
  std::optional<pid_file> pid;
  if (!x.pid_file.empty())
    pid.emplace(x.pid_file);
  log_output output{x};
  auto& log = output.log();
  auto files = x.server.max_connections;
  if (x.server.caf_port) // as many again, and some that are told that they are too many
    files = 2 * files + 64;
  allow_connections(files, x.server.threads, *log);
  look_at_rights(x.server.data_dir, *log);

  server served{x.server, log};
  signals received{{[&] { served.stop(); },
                    [&] {
                      output.reopen();
                      served.reload();
                    },
                    [&](const char* name) {
                      log->info("{} is ignored: SIGTERM stops the server, SIGHUP opens the log "
                                "file again and reloads the TLS files and the access file",
                                name);
                    }}};
  if (auto error = served.start(); error && received.stopped_by() == 0)
    throw failure{exit_status::unavailable, served.start_problem()};
  if (received.stopped_by() == 0) {
    auto where = endpoint(x.server.host, served.port());
    if (pid && x.server.plain_port) // ping speaks no TLS
      pid->write(x.server.plain_host, served.plain_port());
    else if (pid)
      pid->write(x.server.host, served.port());
    auto has_tls = !x.server.tls_certificate.empty();
    log->info("lockserver-caf " LOCKSERVER_VERSION " listening on {}{}", where,
              has_tls ? " with TLS" : "");
    if (x.server.plain_port)
      log->info("listening without TLS on {}", endpoint(x.server.plain_host, served.plain_port()));
    if (x.server.caf_port)
      log->info("CAF {} programs are served on {}{}", compat::version(),
                endpoint(x.server.caf_host, served.caf_port()),
                x.server.caf_tls_certificate.empty() ? "" : " with TLS");
    if (x.server.access.empty() && reaches_other_machines(x.server.host))
      log->warn(
        "other machines can reach the server, and there is no access file: every client may "
        "do everything");
    log_settings(x.server, *log);
    on_listening(where);
    served.wait();
  }
  // Also ends what a signal that came during `start` may have missed.
  served.stop();
  log->info("ended by {}", received.stopped_by() == 0         ? "a client's /SHUTDOWN"
                           : received.stopped_by() == SIGTERM ? "SIGTERM"
                                                              : "SIGINT");
  return static_cast<int>(exit_status::ok);
}

} // namespace

int run(const options& x) {
  return serve(x, [](const std::string& where) {
    std::cout << "listening on " << where << std::endl;
  });
}

int start(const options& x) {
  background process;
  if (process.is_parent())
    return process.wait();
  return serve(x, [&](const std::string&) { process.detach(x.log_file); });
}

} // namespace lockserver::program
