#include "tests/reliability/torturer.hpp"

#include "lockserver/rest_client.hpp"

#include "tests/reliability/journal.hpp"
#include "tests/reliability/worker.hpp"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <utility>

namespace reliability {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

std::string data_in(const std::string& directory) {
  auto result = directory + "/data";
  std::filesystem::create_directory(result);
  return result;
}

std::vector<std::string> server_command(const torture_plan& x, const std::string& data,
                                        std::uint16_t caf_port) {
  std::vector<std::string> result{x.program, "--log-level", "warning"};
  if (std::ranges::find(x.kinds, "caf") != x.kinds.end())
    result.insert(result.end(), {"--caf-port", std::to_string(caf_port)});
  if (x.durable)
    result.insert(result.end(), {"--data-dir", data});
  result.insert(result.end(), x.options.begin(), x.options.end());
  return result;
}

lockserver::client_options patient() {
  lockserver::client_options result;
  result.reconnect_attempts = 1;
  return result;
}

} // namespace

const std::map<std::string, void (torturer::*)()> torturer::troubles{
  {"kill-server", &torturer::kill_server},  {"stop-server", &torturer::stop_server},
  {"kill-clients", &torturer::kill_client}, {"stop-clients", &torturer::stop_client},
  {"fill-disk", &torturer::fill_disk},
};

torturer::torturer(torture_plan x)
  : plan_(std::move(x)),
    random_(plan_.seed),
    disk_(data_in(plan_.directory), plan_.disk_megabytes),
    caf_port_(quiet_port(plan_.seed + 1)),
    server_(server_command(plan_, disk_.directory(), caf_port_), quiet_port(plan_.seed),
            plan_.directory + "/server.log"),
    clients_(plan_.processes) {
  for (auto& trouble : plan_.troubles)
    if (!troubles.contains(trouble))
      throw std::invalid_argument{"no such trouble: " + trouble};
}

history torturer::run() {
  block_end_signals();
  server_.start();
  server_.await();
  for (std::size_t i = 0; i < clients_.size(); ++i)
    start(i);
  for (auto end = steady_clock::now() + plan_.lasts; steady_clock::now() < end;) {
    if (wait_between(100, 1300))
      break;
    torment();
    server_.check_alive();
  }
  end_clients();
  history result;
  result.durable = plan_.durable;
  collect_left_over(result);
  result.lives = server_.lives();
  for (std::size_t i = 0; i < clients_.size(); ++i)
    for (unsigned born = 1; born <= clients_[i].born; ++born)
      // A process that was killed at once has no journal.
      if (auto file = journal_of(i, born); std::filesystem::exists(file))
        read_journal(file, result.operations);
  return result;
}

void torturer::torment() {
  (this->*troubles.at(plan_.troubles[random_.below(plan_.troubles.size())]))();
}

bool torturer::may_kill_server() const {
  return std::ranges::find(plan_.troubles, "kill-server") != plan_.troubles.end();
}

// -- events -------------------------------------------------------------------

void torturer::kill_server() {
  // Sometimes it is killed again while it starts.
  do {
    server_.kill();
    ++counts_.server_kills;
    wait(milliseconds{random_.below(150)});
    server_.start();
  } while (random_.below(4) == 0 && !wait(milliseconds{random_.below(40)}));
  server_.await();
}

void torturer::stop_server() {
  ++counts_.server_stops;
  server_.stop();
  wait_between(50, 2500);
  // A stopped server that is killed has work that it has not done.
  if (may_kill_server() && random_.below(3) == 0)
    return kill_server();
  server_.go_on();
}

void torturer::kill_client() {
  ++counts_.client_kills;
  auto slot = random_.below(clients_.size());
  clients_[slot].process.kill();
  start(slot);
}

void torturer::stop_client() {
  ++counts_.client_stops;
  auto& process = clients_[random_.below(clients_.size())].process;
  process.signal(SIGSTOP);
  wait_between(50, 2500);
  process.signal(SIGCONT);
}

void torturer::fill_disk() {
  if (!plan_.durable)
    return;
  ++counts_.full_disks;
  disk_.fill(server_.id(), random_.below(256) * 1024);
  wait_between(50, 1500);
  // A server that is killed now would have to start on the full disk, or report that it
  // cannot. So the disk gets room first.
  auto die = may_kill_server() && random_.below(3) == 0;
  if (die) {
    server_.kill();
    ++counts_.server_kills;
  }
  disk_.empty(server_.id());
  if (die) {
    server_.start();
    server_.await();
  }
  await_recovery();
}

// -- other --------------------------------------------------------------------

void torturer::start(std::size_t slot) {
  auto& x = clients_[slot];
  client_plan plan;
  plan.kind = plan_.kinds[slot % plan_.kinds.size()];
  plan.name = "c" + std::to_string(slot) + "-" + std::to_string(++x.born);
  plan.journal = journal_of(slot, x.born);
  plan.ports = {server_.port(), caf_port_};
  plan.seed = plan_.seed + 1000 * (slot + 1) + 100'000ULL * x.born;
  plan.threads = plan_.threads;
  x.process = start_clients(plan, plan_.directory + "/clients.log");
}

void torturer::end_clients() {
  for (auto& x : clients_) {
    if (x.process.has_ended())
      throw std::runtime_error{"a client has ended by itself; see " + plan_.directory
                               + "/clients.log"};
    x.process.signal(SIGTERM);
  }
  auto deadline = steady_clock::now() + seconds{30};
  for (auto& x : clients_)
    while (!x.process.has_ended()) {
      if (steady_clock::now() > deadline)
        throw std::runtime_error{"a client does not end"};
      end_requested_within(milliseconds{5});
    }
}

void torturer::collect_left_over(history& to) {
  if (may_kill_server())
    kill_server();
  lockserver::rest_client client{"torture", "127.0.0.1", server_.port(), patient()};
  // After a restart, the rest of a time may be estimated too long, at most by the time
  // for which the server was away.
  auto deadline = steady_clock::now() + longest_ttl + seconds{10};
  for (;;) {
    to.left_over.clear();
    auto counted = client.for_each_lock("", [&](const lockserver::client::lock_info& x) {
      for (auto& holder : x.holders)
        to.left_over.push_back("a holder of " + x.key + ": " + holder.owner + ", token "
                               + std::to_string(holder.token));
      return true;
    });
    auto info = client.server();
    auto recovers = !counted && counted.error() == lockserver::errc::recovering;
    if (recovers && steady_clock::now() < deadline) {
      end_requested_within(milliseconds{50});
      continue;
    }
    if (!counted || !info)
      throw std::runtime_error{"no list in the end: "
                               + (counted ? info.error().detail : counted.error().detail)};
    auto& counts = info->counts;
    if (counts.waiters + counts.holders + counts.leases > 0)
      to.left_over.push_back(std::to_string(counts.waiters) + " waiters, "
                             + std::to_string(counts.holders) + " holders, "
                             + std::to_string(counts.leases) + " leases by its counts");
    if (to.left_over.empty() || steady_clock::now() > deadline)
      return;
    end_requested_within(milliseconds{50});
  }
}

void torturer::await_recovery() {
  lockserver::rest_client client{"torture", "127.0.0.1", server_.port(), patient()};
  lockserver::client::acquire_options options;
  options.ttl = milliseconds{100};
  options.wait = milliseconds{0};
  auto deadline = steady_clock::now() + seconds{20};
  for (unsigned i = 0;; ++i) {
    auto got = client.acquire("well-again-" + std::to_string(i % 16), options);
    if (got)
      return;
    server_.check_alive();
    if (steady_clock::now() > deadline)
      throw std::runtime_error{"the server does not go on although its disk is well again: "
                               + got.error().detail};
    if (wait(milliseconds{20}))
      return;
  }
}

// Returns whether the torture must end early.
bool torturer::wait(duration x) {
  interrupted_ = interrupted_ || end_requested_within(x);
  return interrupted_;
}

bool torturer::wait_between(unsigned least_ms, unsigned most_ms) {
  return wait(milliseconds{least_ms + random_.below(most_ms - least_ms + 1)});
}

std::string torturer::journal_of(std::size_t slot, unsigned born) const {
  return plan_.directory + "/client-" + std::to_string(slot) + "-" + std::to_string(born);
}

} // namespace reliability
