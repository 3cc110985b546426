#include "apps/lockctl/options.hpp"

#include "apps/lockctl/duration.hpp"
#include "apps/lockctl/failure.hpp"
#include "apps/lockctl/printable.hpp"
#include "apps/lockctl/token_file.hpp"
#include "net/client/http_call.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string_view>
#include <utility>

namespace lockserver::lockctl {

namespace {

constexpr auto description
  = "lockctl: take locks of a lock server from the shell, and look at them.\n";

constexpr auto footer = R"(Durations: 500ms, 30s, 5m, 1h30m, 1.5d; a number alone counts seconds.

Environment:
  LOCKSERVER_SERVER   the server, as --server
  LOCKSERVER_CA, LOCKSERVER_CERT, LOCKSERVER_KEY
                      the files of TLS, as --ca, --cert, --key; only for https
  LOCKSERVER_TOKEN_FILE, LOCKSERVER_TOKEN
                      the access token: its file, as --token-file, or itself
  LOCKSERVER_OWNER    the owner, as --owner

Examples:
  lockctl -s https://locks.example:8004 --ca ca.pem ping
  lockctl run deploy -- ./deploy.sh         one deployment at a time, on all machines
  lockctl run --limit 3 gpu -- train.py     at most three at a time
  lockctl run --hold connection leader -- ./lead
                                            others get it at once when lockctl is killed
  lockctl run --wait 0 nightly -- backup    now or not at all: exit status 75
  lockctl run --wait 0 --at-least 55s minutely -- ./job
                                            once, from cron on hosts whose clocks differ

  token=$(lockctl lock -q release --ttl 10m)
  lockctl renew release --token "$token" --ttl 10m
  lockctl unlock release --token "$token"

Exit status:
  0    done; status: the key is held
  1    no: status: the key is free; unlock, renew, leases: it was not held, or no longer
  64   an option or a value is wrong, or the server refuses it
  69   no usable server: it cannot be reached, is not trusted, is starting or stopping, cannot write to its disk,
       does not answer as a lock server, or does not know or allow this client
  70   run: the lock was lost while the command ran; or an unexpected error
  74   standard output cannot be written; a lock or lease just obtained is given back
  75   the lock was not granted within --wait: somebody else held it, or with another limit;
       or this owner already holds or waits for it; or a limit of the server is reached
  126, 127   run: the command cannot be run, or is not there
  Otherwise run ends with the command's own status: 128 + N when signal N ended it.)";

constexpr auto run_help
  = R"(Takes the lock, runs the command, and gives the lock back when it has ended.

The command finds LOCK_KEY, LOCK_OWNER and LOCK_TOKEN in its environment. Send
the token to what the lock protects: each later holder has a greater one. While
the command runs the lock is renewed. If it is lost nevertheless, the command's
process group gets SIGTERM, and SIGKILL 5 seconds later, and the status is 70.
With --hold connection it is also lost as soon as lockctl's connection breaks,
and others need not wait for --ttl when lockctl is killed.
INT, TERM, HUP, QUIT, USR1 and USR2 are passed on to the process group. A
command that is stopped for longer than --ttl loses the lock. When lockctl
itself is killed, the system kills the command, but not what the command has
started.)";

constexpr auto lock_help
  = R"(Prints the owner and the token; with -q only the token, which is all that
unlock and renew need. Nobody renews the lock: it ends when its time is over.)";

[[noreturn]] void wrong(const std::string& sentence) {
  throw failure{exit_status::usage, printable(sentence) + "\nTry: lockctl --help"};
}

const char* environment(const char* name) {
  auto* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

template <class T>
bool read_number(std::string_view text, T& out) {
  auto* end = text.data() + text.size();
  auto [rest, ec] = std::from_chars(text.data(), end, out);
  return ec == std::errc{} && rest == end;
}

// The texts that CLI11 finds. They are read only after it is clear that no help was asked
// for.
struct raw_options {
  std::string server, ca, cert, key, server_name, token_file, owner, token, ttl, wait, at_least,
    hold, limit, metadata, lease;
  bool shared = false;
};

// The files of TLS. Of a plain server the environment's do not count: they are there for
// all servers.
void read_tls(const raw_options& raw, options& x) {
  if (!x.tls) {
    if (!raw.ca.empty() || !raw.cert.empty() || !raw.key.empty() || !raw.server_name.empty())
      wrong("--ca, --cert, --key and --server-name are for a server that is named as "
            "https://HOST:PORT");
    return;
  }
  auto file = [](const std::string& given, const char* variable) {
    auto* other = environment(variable);
    return given.empty() && other != nullptr ? std::string{other} : given;
  };
  x.tls->authority = file(raw.ca, "LOCKSERVER_CA");
  x.tls->certificate = file(raw.cert, "LOCKSERVER_CERT");
  x.tls->key = file(raw.key, "LOCKSERVER_KEY");
  x.tls->server_name = raw.server_name;
  if (x.tls->certificate.empty() != x.tls->key.empty())
    wrong("--cert and --key go together: one is of no use without the other");
}

// No option has the token itself, because every user of the machine can see options.
void read_access_token(const raw_options& raw, options& x) {
  auto* file = environment("LOCKSERVER_TOKEN_FILE");
  auto* token = environment("LOCKSERVER_TOKEN");
  if (!raw.token_file.empty())
    x.access_token = read_token_file(raw.token_file);
  else if (file != nullptr && token != nullptr)
    wrong("LOCKSERVER_TOKEN and LOCKSERVER_TOKEN_FILE exclude each other: unset one of them");
  else if (file != nullptr)
    x.access_token = read_token_file(file);
  else if (token != nullptr)
    x.access_token = token;
  if (auto unusable = check_token(x.access_token); !unusable.empty())
    wrong("LOCKSERVER_TOKEN cannot be used: " + unusable);
  unsetenv("LOCKSERVER_TOKEN");
}

// HOST, HOST:PORT, or the URL of a server.
void read_server(const std::string& given, options& x) {
  std::string_view text = given;
  auto scheme = [&](std::string_view name, std::uint16_t usual_port) {
    if (!text.starts_with(name))
      return false;
    text.remove_prefix(name.size());
    if (text.ends_with('/'))
      text.remove_suffix(1);
    x.port = usual_port; // the default of such URLs
    return true;
  };
  if (scheme("https://", 443))
    x.tls.emplace();
  else
    scheme("http://", 80);
  auto colon = text.rfind(':');
  auto bracket = text.rfind(']');
  // An IPv6 address without a port contains colons.
  auto alone = text.find(':') != colon && !text.starts_with('[');
  auto has_port = colon != std::string_view::npos && !alone
                  && (bracket == std::string_view::npos || colon > bracket);
  auto host = has_port ? text.substr(0, colon) : text;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  if (host.empty() || host.find_first_of("/?#@[]") != std::string_view::npos
      || (has_port && !read_number(text.substr(colon + 1), x.port)))
    wrong("the server is '" + given
          + "' but must be HOST, HOST:PORT, http://HOST:PORT or https://HOST:PORT, such as "
          + "127.0.0.1:8004");
  x.host = host;
}

void read_times(const raw_options& raw, options& x) {
  auto read = [](const char* name, const std::string& text) {
    if (auto result = read_duration(text))
      return *result;
    wrong(std::string{name} + " is '" + text
          + "' but must be a duration, such as 30s, 1.5h or 1h30m");
  };
  if (!raw.ttl.empty())
    x.acquire.ttl = read("--ttl", raw.ttl);
  if (!raw.wait.empty())
    x.acquire.wait = read("--wait", raw.wait);
  if (!raw.at_least.empty())
    x.at_least = read("--at-least", raw.at_least);
}

// What ends the lock, besides the end of the command.
void read_hold(const raw_options& raw, options& x) {
  if (raw.hold == "connection")
    x.acquire.hold = lock_hold::connection;
  else if (!raw.hold.empty() && raw.hold != "ttl")
    wrong("--hold is '" + raw.hold + "' but must be ttl or connection");
  if (x.acquire.hold == lock_hold::connection && x.at_least > std::chrono::milliseconds{0})
    wrong("--at-least and --hold connection exclude each other: the lock ends with lockctl");
}

// Converts texts to values, and checks their combinations.
void interpret(const raw_options& raw, options& x) {
  if (!raw.server.empty())
    read_server(raw.server, x);
  else if (auto* server = environment("LOCKSERVER_SERVER"))
    read_server(server, x);
  read_tls(raw, x);
  read_access_token(raw, x);
  x.owner = raw.owner;
  if (auto* owner = environment("LOCKSERVER_OWNER"); owner != nullptr && x.owner.empty())
    x.owner = owner;
  if (!raw.token.empty() && (!read_number(raw.token, x.token) || x.token == 0))
    wrong("--token is '" + raw.token + "' but must be a whole number above 0");
  read_times(raw, x);
  read_hold(raw, x);
  auto& acquire = x.acquire;
  std::uint32_t limit = 0;
  if (!raw.limit.empty()) {
    if (!read_number(raw.limit, limit) || limit == 0)
      wrong("--limit is '" + raw.limit + "' but must be a whole number above 0");
    acquire.limit = limit;
  }
  if (raw.shared || acquire.limit)
    acquire.mode = lock_mode::shared;
  acquire.metadata = raw.metadata;
  acquire.lease = raw.lease;
  if (!acquire.lease.empty() && acquire.ttl)
    wrong("--ttl and --lease exclude each other: the lock ends with the lease");
  auto changes = x.what == command::unlock || x.what == command::renew;
  if (changes && x.owner.empty() && x.token == 0)
    wrong("whose lock? Name --owner, or the --token that 'lockctl lock' has printed");
  if (x.what == command::run || x.what == command::lock) {
    // Long enough to survive a pause of the network. Short enough that others do not wait
    // long after a machine has died.
    if (!acquire.ttl && acquire.lease.empty())
      acquire.ttl = std::chrono::seconds{30};
    if (!acquire.wait)
      acquire.wait = std::chrono::minutes{1};
  }
}

// CLI11 does not know the text after the `--` of `run`.
class help_formatter : public CLI::Formatter {
public:
  help_formatter() {
    column_width(28);
    label("SUBCOMMAND", "COMMAND");
  }

  std::string make_usage(const CLI::App* app, std::string name) const override {
    if (app->get_name() == "run")
      return "Usage: lockctl run [OPTIONS] KEY -- COMMAND [ARGUMENTS...]\n";
    return Formatter::make_usage(app, std::move(name));
  }
};

class command_line {
public:
  command_line() {
    app_.formatter(std::make_shared<help_formatter>()); // the commands use it, too
    app_.footer(footer);
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.set_help_flag("-h,--help", "Show this help, or that of a command");
    app_.set_version_flag("--version", "lockctl " LOCKSERVER_VERSION);
    text(app_, "-s,--server", raw_.server, "HOST:PORT",
         "The server, or https://HOST:PORT [127.0.0.1:8004]");
    text(app_, "--ca", raw_.ca, "FILE", "Who must have signed its certificate [as the system]");
    text(app_, "--cert", raw_.cert, "FILE", "The certificate to show to it");
    text(app_, "--key", raw_.key, "FILE", "The key of that certificate");
    text(app_, "--server-name", raw_.server_name, "NAME",
         "Whom its certificate must be for [HOST]");
    text(app_, "--token-file", raw_.token_file, "FILE",
         "The access token, which says who lockctl is");
    app_.add_flag("--json", x_.json, "Print JSON, for programs");
    app_.add_flag("-q,--quiet", x_.quiet, "Print only the token, or nothing");

    auto& run = add(command::run, "run", "Run a command while holding a lock");
    run.footer(run_help);
    acquires(run);
    text(run, "--at-least", raw_.at_least, "DURATION",
         "Keep the lock at least for this time, even if the command ends sooner");
    text(run, "--hold", raw_.hold, "ttl|connection",
         "connection: the lock also ends at once with lockctl's connection [ttl]");
    auto& lock = add(command::lock, "lock", "Take a lock, which ends when its time is over");
    lock.footer(lock_help);
    acquires(lock);
    text(lock, "--lease", raw_.lease, "ID", "The lock lasts as long as this lease");
    auto& unlock = add(command::unlock, "unlock", "Give a lock back");
    key(unlock);
    whose(unlock);
    auto& renew = add(command::renew, "renew", "Let a lock last for longer");
    key(renew);
    whose(renew);
    text(renew, "--ttl", raw_.ttl, "DURATION", "How long it lasts from now [the server's default]");
    key(add(command::status, "status", "Show who holds a lock and who waits for it"));
    auto& list = add(command::list, "list", "List the held locks");
    list.add_option("prefix", x_.prefix, "Only keys that begin with this")->option_text(" ");
    leases();
    add(command::ping, "ping", "Ask whether the server answers");
    add(command::server, "server", "Show the server's version, settings and counts");
    add(command::whoami, "whoami", "Show who you are to the server, and what you may do");
    key(add(command::force_unlock, "force-unlock", "Take a lock from all its holders"));
  }

  std::optional<options> read(int argc, char** argv) {
    auto** end = split(argc, argv);
    try {
      app_.parse(static_cast<int>(end - argv), argv);
    } catch (const CLI::ParseError& x) {
      if (x.get_exit_code() == 0) {
        app_.exit(x);
        return std::nullopt;
      }
      wrong(x.what());
    }
    if (x_.what == command::run && x_.words.empty())
      wrong("which command? lockctl run KEY -- COMMAND [ARGUMENTS...]");
    interpret(raw_, x_);
    return x_;
  }

private:
  CLI::App& add(command what, const char* name, const char* help, CLI::App* parent = nullptr) {
    auto* result = (parent != nullptr ? parent : &app_)->add_subcommand(name, help);
    result->fallthrough();
    result->footer(""); // the long footer belongs to the program
    result->parse_complete_callback([this, what] { x_.what = what; });
    return *result;
  }

  static void text(CLI::App& app, const char* name, std::string& out, const char* unit,
                   const char* help) {
    // An empty variable of a script must not count as a missing option: unlock without
    // its token could release a later grant.
    auto not_empty = [](const std::string& value) {
      return value.empty() ? std::string{"the value is empty; leave the option out, or give one"}
                           : std::string{};
    };
    app.add_option(name, out, help)->option_text(unit)->check(not_empty);
  }

  void key(CLI::App& app) {
    app.add_option("key", x_.key, "The lock's name")->required()->option_text(" ");
  }

  void whose(CLI::App& app) {
    text(app, "-o,--owner", raw_.owner, "NAME", "Who holds it");
    text(app, "-t,--token", raw_.token, "NUMBER", "Only if it is held by this token");
  }

  void acquires(CLI::App& app) {
    key(app);
    text(app, "--ttl", raw_.ttl, "DURATION", "How long the lock lasts unless it is renewed [30s]");
    text(app, "-w,--wait", raw_.wait, "DURATION", "How long to wait for it; 0: do not [1m]");
    text(app, "-o,--owner", raw_.owner, "NAME", "Who asks [user@host:pid-random]");
    app.add_flag("--shared", raw_.shared, "Share the lock with other shared holders");
    text(app, "-n,--limit", raw_.limit, "NUMBER", "Share the lock among at most this many holders");
    text(app, "-m,--metadata", raw_.metadata, "TEXT", "Shown to others by status");
  }

  void leases() {
    auto* parent = app_.add_subcommand("leases", "Create, renew, show or end a lease");
    parent->require_subcommand(1);
    parent->footer("");
    parent->fallthrough();
    auto id = [this](CLI::App& app) {
      app.add_option("id", x_.key, "The lease's id")->required()->option_text(" ");
    };
    auto& create = add(command::lease_create, "create", "Create one; prints its id", parent);
    text(create, "--ttl", raw_.ttl, "DURATION",
         "How long it lasts unless it is renewed [the server's default]");
    text(create, "-o,--owner", raw_.owner, "NAME",
         "The only owner that may use it [user@host:pid-random]");
    id(add(command::lease_renew, "renew", "Start its time again", parent));
    id(add(command::lease_show, "show", "Show the time that it has left, and its locks", parent));
    id(add(command::lease_end, "end", "End it and give back its locks", parent));
  }

  // Cuts off the command after `run … --`, whose options are not ours.
  char** split(int argc, char** argv) {
    auto** end = argv + argc;
    auto** dashes = std::find(argv, end, std::string_view{"--"});
    if (std::find(argv, dashes, std::string_view{"run"}) == dashes || dashes == end)
      return end;
    x_.words.assign(dashes + 1, end);
    return dashes;
  }

  CLI::App app_{description, "lockctl"};
  raw_options raw_;
  options x_;
};

} // namespace

std::optional<options> read_options(int argc, char** argv) {
  command_line line;
  return line.read(argc, argv);
}

} // namespace lockserver::lockctl
