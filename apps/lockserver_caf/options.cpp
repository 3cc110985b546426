#include "apps/lockserver_caf/options.hpp"

#include "apps/lockserver_caf/failure.hpp"
#include "apps/lockserver_caf/option_table.hpp"

#include <iostream>

namespace lockserver::program {

namespace {

constexpr auto description
  = "lockserver-caf: programs ask over HTTP for a named lock, wait in line for it, and hold it\n"
    "for a limited time.\n";

constexpr auto footer = R"(Environment and configuration file:
  Each option is also an environment variable (LOCKSERVER_LOCK_TIMEOUT for --lock-timeout) and a
  key in the file that --config names, one a line, with # for comments:
    lock-timeout = 2.5
    allow-shutdown = true
  The command line wins over the environment, and the environment over the file.

Examples:
  lockserver-caf                              serve on 127.0.0.1:8004 until ^C
  lockserver-caf --port 0                     serve on a free port, printed to standard output
  lockserver-caf --lock-timeout 30            locks last 30 s unless a request says otherwise
  lockserver-caf --data-dir /var/lib/lockserver   locks survive restarts and crashes
  lockserver-caf check /var/lib/lockserver    is that store sound? what is in it?
  lockserver-caf start --pid-file lock.pid --log-file lock.log
  lockserver-caf ping --pid-file lock.pid
  lockserver-caf stop --pid-file lock.pid

Signals:
  SIGTERM, SIGINT  stop the server; a second one ends it at once
  SIGHUP           open the log file again, which has been renamed

Exit status:
  0    run: the server was told to stop and has; start: it serves; stop: it is gone;
       ping: it answers
  64   an option, a value or the configuration file is wrong
  65   check: the store is damaged, or none of this program's
  69   run, start: cannot listen there, cannot use the data directory, or the pid file is that of
       a running server;
       stop, ping: no server answers there, or the pid file is not that of a running server
  70   an unexpected error
  73   cannot write the pid file or the log file
  75   stop: the server was told to stop but is still there after 5 s
  77   stop: not allowed
  130, 143: ended at once by a second SIGINT, SIGTERM)";

void add_options(option_table& table, options& x) {
  auto& s = x.server;
  table.group("Where to serve, or where to find the server");
  table.add("host", value::address, s.host, "Numeric address, or localhost");
  table.add("port", value::port_number, s.port, "TCP port; 0: any free one");
  table.add("allowed-hosts", value::host_list, s.allowed_hosts,
            "By which hosts requests may call the server, separated by commas; * for any; none "
            "given: localhost while it listens on a loopback address, else *");
  table.add("reconnect-attempts", value::number, s.reconnect_attempts,
            "How often a busy port is tried");
  table.add("time-between-attempts", value::seconds, s.time_between_attempts,
            "Pause after the n-th try: n times this");

  table.group("Locks");
  table.add("lock-timeout", value::seconds, s.lock_timeout,
            "How long a lock lasts, unless its request says");
  table.add("lock-attempt-timeout", value::seconds, s.lock_attempt_timeout,
            "How long a LOCK waits, unless it says; 0: not");
  table.add("max-lock-timeout", value::seconds, s.max_lock_timeout,
            "The longest time that a request may ask for");
  table.add("max-lock-attempt-timeout", value::seconds, s.max_lock_attempt_timeout,
            "The longest wait that a request may ask for");
  table.add("terraform-lock-timeout", value::seconds, s.terraform_lock_timeout,
            "How long a lock of Terraform lasts; 0: until it is released");
  table.add_flag("allow-shutdown", s.allow_shutdown, "Let any client stop the server by /SHUTDOWN");

  table.group("Durability");
  table.add("data-dir", value::directory, s.data_dir,
            "Keep locks in DIRECTORY, so that they survive a restart");
  table.add("sync", value::sync, s.sync,
            "Answer when a change is on disk: always, or off: about a second before");
  table.add("restart-grace", value::seconds_or_max, s.restart_grace,
            "Grant nothing for so long after the start, max: as long as max-lock-timeout; for "
            "servers without a data-dir");

  table.group("Limits (who goes beyond gets 429)");
  table.add("max-keys", value::large_number, s.max_keys, "Keys in use at a time");
  table.add("max-waiters-per-key", value::large_number, s.max_waiters_per_key,
            "Requests that wait for one key");
  table.add("max-holders-per-key", value::large_number, s.max_holders_per_key,
            "Shared holders of one key; more wait");
  table.add("max-leases", value::large_number, s.max_leases, "Leases at a time");
  table.add("max-locks-per-lease", value::large_number, s.max_locks_per_lease,
            "Locks of one lease, waiting requests included");
  table.add("max-connections", value::large_number, s.max_connections, "Clients served at a time");

  table.group("Connections");
  table.add("threads", value::number, s.threads, "Threads that serve; one does for most");
  table.add("header-timeout", value::seconds, s.header_timeout,
            "For a request to arrive completely");
  table.add("idle-timeout", value::seconds, s.idle_timeout, "For silence between requests");
  table.add("write-timeout", value::seconds, s.write_timeout, "For a client to take its answer");

  table.group("CAF programs (off unless there is a port)");
  table.add("caf-port", value::optional_port, s.caf_port,
            "Serve them on this port; 0: any free one");
  table.add("caf-host", value::address, s.caf_host, "The address for it");
  table.add("caf-tls-certificate", value::file_name, s.caf_tls_certificate,
            "With TLS: the server's certificate (PEM)");
  table.add("caf-tls-key", value::file_name, s.caf_tls_key, "Its key");
  table.add("caf-tls-authority", value::file_name, s.caf_tls_authority,
            "The certificate of the authority that must have signed the clients' certificates");
  table.add("caf-session-timeout", value::seconds, s.caf_session_timeout,
            "For silence of a client, before it counts as gone");

  table.group("Process");
  table.add("log-level", value::log_level, x.log_level, "debug, info, warning, error or off");
  table.add("log-file", value::file_name, x.log_file,
            "Append the log to FILE, not to standard error");
  table.add("pid-file", value::file_name, x.pid_file, "Note the server in FILE, for stop and ping");
}

void add_general(CLI::App& app) {
  const auto* group = "Process";
  // CLI11 looks at the environment after it has read the file: too late here.
  const auto* file = environment("LOCKSERVER_CONFIG");
  app
    .set_config("--config", file != nullptr ? file : "", "Read options from FILE", file != nullptr)
    ->option_text("FILE")
    ->type_name("FILE")
    ->group(group)
    ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
    ->check([](const std::string& x) {
      return std::string{x.empty() ? "is '' but must be a file's name" : ""};
    });
  app.set_version_flag("--version", "lockserver-caf " LOCKSERVER_VERSION, "Print the version")
    ->group(group);
  app.set_help_flag("-h,--help", "Print this help")->group(group);
}

struct command_name {
  command what;
  const char* name;
  const char* help;
};

constexpr command_name commands[]
  = {{command::run, "run", "Serve in the foreground (the default)"},
     {command::start, "start", "Serve in the background; print the process id once it serves"},
     {command::stop, "stop", "Stop the server that --pid-file names, or the one at --host, --port"},
     {command::ping, "ping", "Ask that server whether it answers"},
     {command::check, "check", "Verify the store in a data directory: check DIRECTORY"}};

} // namespace

std::optional<options> read_options(int argc, const char* const* argv) {
  options result;
  CLI::App app{description, "lockserver-caf"};
  app.footer(footer);
  app.require_subcommand(0, 1);
  option_table table{app};
  add_options(table, result);
  add_general(app);
  for (auto& x : commands) {
    // Whatever stands after a command is the program's, --help included.
    auto* added = app.add_subcommand(x.name, x.help)->group("Commands")->fallthrough();
    added->set_help_flag();
    if (x.what == command::check)
      added->add_option("directory", result.checked, "The data directory")->required();
  }

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.get_formatter()->make_help(&app, app.get_name(), CLI::AppFormatMode::Normal);
    return std::nullopt;
  } catch (const CLI::CallForVersion& x) {
    std::cout << x.what() << '\n';
    return std::nullopt;
  } catch (const CLI::ExtrasError&) {
    throw failure{exit_status::usage,
                  "'" + app.remaining(true).front() + "' is neither an option nor a command"};
  } catch (const CLI::ParseError& x) {
    throw failure{exit_status::usage, x.what()};
  }
  for (auto& x : commands)
    if (app.got_subcommand(x.name))
      result.what = x.what;
  table.apply();
  return result;
}

} // namespace lockserver::program
