#include "apps/lockserver_caf/options.hpp"

#include "actors/rules/settings_table.hpp"
#include "apps/lockserver_caf/failure.hpp"
#include "apps/lockserver_caf/option_table.hpp"

#include <iostream>

namespace lockserver::program {

namespace {

constexpr auto description
  = "lockserver-caf: programs ask over HTTP for a named lock, wait in a queue for it, and hold it\n"
    "for a limited time.\n";

constexpr auto footer = R"(Environment and configuration file:
  Each option is also an environment variable (LOCKSERVER_LOCK_TIMEOUT for --lock-timeout) and a
  key in the file that --config names, one per line, with # for comments:
    lock-timeout = 2.5
    allow-shutdown = true
  The command line wins over the environment, and the environment over the file.

Examples:
  lockserver-caf                              serve on 127.0.0.1:8004 until ^C
  lockserver-caf --port 0                     serve on a free port, printed to standard output
  lockserver-caf --lock-timeout 30            locks last 30 s unless a request says otherwise
  lockserver-caf --data-dir /var/lib/lockserver   locks survive restarts and crashes
  lockserver-caf check /var/lib/lockserver    is that store sound? what is in it?
  lockserver-caf token ci                     a new token for the identity ci, and its hash
  lockserver-caf access access.json check ci acquire deploy/web   yes or no, and why
  lockserver-caf start --pid-file lock.pid --log-file lock.log
  lockserver-caf ping --pid-file lock.pid
  lockserver-caf stop --pid-file lock.pid

Signals:
  SIGTERM, SIGINT  stop the server; a second one ends it at once
  SIGHUP           open the log file and the audit log again, after they have been renamed;
                   reload the TLS files and the access file

Exit status:
  0    run: the server was told to stop and has; start: it serves; stop: it is gone;
       ping: it answers; token: it is printed; access: yes
  1    access: no
  64   an option, a value, the configuration file or the access file is wrong
  65   check: the store is damaged, or none of this program's
  69   run, start: cannot listen there, cannot use the data directory, a TLS file, the access
       file or the audit log, or the pid file is that of a running server;
       stop, ping: no server answers there, or the pid file is not that of a running server
  70   an unexpected error
  73   cannot write the pid file or the log file
  75   stop: the server was told to stop but is still there after 5 s
  77   stop: not allowed
  130, 143: ended at once by a second SIGINT, SIGTERM)";

void add_settings(option_table& table, settings& x) {
  for (auto& row : settings_table()) {
    if (row.group == nullptr)
      continue;
    table.group(row.group);
    auto is_flag = row.kind == setting_kind::flag;
    auto [unit, form] = words_of(row.kind);
    table.add({row.name, unit, form, is_flag ? "" : text_of(row, x), row.help,
               [&row, &x](std::string_view text) { return read_text(row, text, x); }, is_flag});
  }
}

std::string level_name(spdlog::level::level_enum x) {
  auto name = spdlog::level::to_string_view(x);
  return {name.data(), name.size()};
}

bool read_level(std::string_view text, spdlog::level::level_enum& out) {
  using namespace spdlog::level;
  for (auto x : {debug, info, warn, err, off})
    if (text == level_name(x)) {
      out = x;
      return true;
    }
  return false;
}

void add_process(option_table& table, options& x) {
  auto file = [&table](const char* name, std::string& out, const char* help) {
    auto [unit, form] = words_of(setting_kind::file);
    table.add({name, unit, form, "", help, [&out](std::string_view text) {
                 out = text;
                 return !text.empty();
               }});
  };
  constexpr auto levels = "debug, info, warning, error or off";
  table.group("Process");
  table.add({"log-level", "LEVEL", levels, level_name(x.log_level), levels,
             [&x](std::string_view text) { return read_level(text, x.log_level); }});
  file("log-file", x.log_file, "Append the log to FILE, not to standard error");
  file("pid-file", x.pid_file,
       "Write the server's process id and address to FILE, for stop and ping");
}

void add_general(CLI::App& app) {
  const auto* group = "Process";
  // CLI11 reads the environment after the file, which is too late here.
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
     {command::check, "check", "Verify the store in a data directory: check DIRECTORY"},
     {command::token, "token", "Make a token for an identity: token NAME"},
     {command::access, "access",
      "Does an access file grant a right? access FILE check IDENTITY RIGHT [KEY]"}};

void add_positionals(CLI::App& app, command what, options& x) {
  if (what == command::check)
    app.add_option("directory", x.checked, "The data directory")->required();
  if (what == command::token)
    app.add_option("name", x.named, "The identity")->required();
  if (what == command::access) {
    app.add_option("file", x.asked.file, "The access file")->required();
    app.add_option("verb", x.asked.verb, "check")->required();
    app.add_option("identity", x.asked.identity, "The identity")->required();
    app.add_option("right", x.asked.right, "The right")->required();
    app.add_option("key", x.asked.key, "The key, if the right is about keys");
  }
}

} // namespace

std::optional<options> read_options(int argc, const char* const* argv) {
  options result;
  CLI::App app{description, "lockserver-caf"};
  app.footer(footer);
  app.require_subcommand(0, 1);
  option_table table{app};
  add_settings(table, result.server);
  add_process(table, result);
  add_general(app);
  for (auto& x : commands) {
    // Options after a command belong to the program, including --help.
    auto* added = app.add_subcommand(x.name, x.help)->group("Commands")->fallthrough();
    added->set_help_flag();
    add_positionals(*added, x.what, result);
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
