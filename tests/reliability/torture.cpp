// The torture test: see --help. Exit status 0: no violation; 1: violations; 2: the run
// has tested nothing (the server did not start, or too little happened).
#include "tests/reliability/checker.hpp"
#include "tests/reliability/torturer.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <span>
#include <string>

namespace {

using namespace reliability;

struct command {
  torture_plan plan;
  client_plan client;
  std::uint64_t seed = lockserver::test::random_seed();
  double seconds = 20;
  std::string save;
  bool no_data_dir = false;
};

std::string temporary_directory() {
  auto pattern = (std::filesystem::temp_directory_path() / "torture-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr)
    throw std::runtime_error{"no temporary directory"};
  return pattern;
}

// Saves one history, followed by its violations.
void save(const std::string& file, const history& all, const verdict& found) {
  std::ofstream out{file};
  out << all;
  for (auto& violation : found.violations)
    out << violation.rule << ": " << violation.sentence << '\n';
}

void print(const command& x, const torture_counts& did, const verdict& found) {
  auto& shown = found.shown;
  std::cout << "kills survived: " << did.server_kills << " of the server, " << did.client_kills
            << " of clients; stopped: " << did.server_stops << " times the server, "
            << did.client_stops << " times clients; full disks: " << did.full_disks << '\n'
            << "operations checked: " << shown.operations << " (" << shown.grants << " grants, "
            << shown.unknown << " without an answer; confirmed " << shown.confirmed
            << " times, over a kill for " << shown.survived << " grants; seen in line "
            << shown.waited << ")\n"
            << "violations: " << found.violations.size() << '\n';
  for (auto& violation :
       std::span{found.violations}.first(std::min<std::size_t>(20, found.violations.size())))
    std::cout << violation.rule << ": " << violation.sentence << '\n';
  if (!found.violations.empty())
    std::cout << "all of them and the history are in " << x.save << ", the journals and logs in "
              << x.plan.directory << '\n';
}

// A run in which nothing happened must not pass as one without violations.
bool has_shown_something(const command& x, const torture_counts& did, const evidence& shown) {
  auto kills = !x.plan.durable || did.server_kills < 5 || shown.survived > 0;
  return shown.grants > 0 && shown.confirmed > 0 && kills;
}

int torture(command& x) {
  x.plan.seed = x.seed;
  x.plan.durable = !x.no_data_dir;
  x.plan.lasts = std::chrono::milliseconds{static_cast<std::int64_t>(x.seconds * 1000)};
  auto temporary = x.plan.directory.empty();
  if (temporary)
    x.plan.directory = temporary_directory();
  if (x.save.empty())
    x.save = "torture-" + std::to_string(x.seed) + ".history";
  std::cout << "torture: seed " << x.seed << ", " << x.seconds << " s, " << x.plan.processes
            << " client processes with " << x.plan.threads << " threads, "
            << (x.plan.durable ? "durable" : "in memory")
            << (x.plan.disk_megabytes > 0 ? ", on a file system of its own" : "") << std::endl;
  verdict found;
  {
    torturer it{x.plan};
    auto all = it.run();
    found = check(all);
    if (!found.violations.empty())
      save(x.save, all, found);
    print(x, it.counts(), found);
    if (found.violations.empty() && !has_shown_something(x, it.counts(), found.shown))
      throw std::runtime_error{"too little happened to test anything; see " + x.plan.directory};
  }
  if (!found.violations.empty())
    return 1;
  if (temporary)
    std::filesystem::remove_all(x.plan.directory);
  return 0;
}

void add_options(CLI::App& app, command& x) {
  app.add_option("--program", x.plan.program, "the server");
  app.add_option("--seconds", x.seconds, "how long the test runs")->capture_default_str();
  app.add_option("--seed", x.seed,
                 "of the random choices; default: LOCKSERVER_TEST_SEED, or a random one");
  app.add_option(
    "--dir", x.plan.directory,
    "for the data, logs and journals; default: a temporary one, removed after success");
  app.add_option("--save", x.save, "file for the history, if there are violations");
  app.add_flag("--no-data-dir", x.no_data_dir,
               "locks in memory: they are lost when the server is killed");
  app
    .add_option("--troubles", x.plan.troubles,
                "the events; one that is in the list more often is more likely")
    ->capture_default_str();
  app.add_option("--disk", x.plan.disk_megabytes,
                 "mount a file system of this many MB for the data, as root");
  app.add_option("--processes", x.plan.processes, "number of client processes")
    ->capture_default_str();
  app.add_option("--threads", x.plan.threads, "number of threads of each client process")
    ->capture_default_str();
  app.add_option("--kinds", x.plan.kinds, "kinds of clients, in turn: http, caf")
    ->capture_default_str();
  app.add_option("--option", x.plan.options, "a further argument for the server; can be repeated");
  // This program as a client process, which it starts itself.
  auto hidden = std::string{};
  app.add_option("--client", x.client.kind)->group(hidden);
  app.add_option("--name", x.client.name)->group(hidden);
  app.add_option("--journal", x.client.journal)->group(hidden);
  app.add_option("--port", x.client.ports.http)->group(hidden);
  app.add_option("--caf-port", x.client.ports.caf)->group(hidden);
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Kills and disturbs a lock server, and checks what its clients were told."};
  command x;
  add_options(app, x);
  CLI11_PARSE(app, argc, argv);
  try {
    if (!x.client.journal.empty()) {
      x.client.seed = x.seed;
      x.client.threads = x.plan.threads;
      run_clients(x.client);
    }
    return torture(x);
  } catch (const std::exception& e) {
    std::cerr << "torture: " << e.what() << std::endl;
    return 2;
  }
}
