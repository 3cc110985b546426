// One client at a time takes a free lock and gives it back, again and again: over HTTP
// with the REST client, and over CAF with the client actor, in turns.
//
//   bench_round_trip HTTP-PORT CAF-PORT SERVER-PID ROUNDS SECONDS
//
// Prints for each: round trips per second, p50 and p99 in µs (a round trip is a take and
// a give), and the CPU time of both sides per round trip.

#include "lockserver/client_actor.hpp"
#include "lockserver/rest_client.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/function_view.hpp>
#include <caf/send.hpp>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;
using micros = std::chrono::duration<double, std::micro>;

double own_cpu() {
  rusage x{};
  getrusage(RUSAGE_SELF, &x);
  return 1e6 * static_cast<double>(x.ru_utime.tv_sec + x.ru_stime.tv_sec)
         + static_cast<double>(x.ru_utime.tv_usec + x.ru_stime.tv_usec);
}

// The CPU time of another process: fields 14 and 15 of its stat, in clock ticks.
double cpu_of(const std::string& pid) {
  std::ifstream file{"/proc/" + pid + "/stat"};
  std::string field;
  double ticks = 0;
  for (int i = 1; i <= 15 && file >> field; ++i)
    if (i >= 14)
      ticks += std::stod(field);
  return ticks * 1e6 / static_cast<double>(sysconf(_SC_CLK_TCK));
}

struct result {
  std::vector<double> times;
  double seconds = 0;
  double client_cpu = 0;
  double server_cpu = 0;

  double at(double part) {
    auto i = times.begin()
             + static_cast<std::ptrdiff_t>(part * static_cast<double>(times.size() - 1));
    std::nth_element(times.begin(), i, times.end());
    return *i;
  }
  void print(const char* name) {
    auto n = static_cast<double>(times.size());
    std::printf("%-24s %12.0f %10.1f %10.1f %12.1f %12.1f\n", name, n / seconds, at(0.5), at(0.99),
                server_cpu / n, client_cpu / n);
  }
};

void run(result& into, const std::string& server, double seconds,
         const std::function<bool()>& trip) {
  for (int i = 0; i < 200; ++i) // warm-up
    trip();
  auto client = own_cpu();
  auto other = cpu_of(server);
  auto begin = clock_type::now();
  auto end = begin + std::chrono::duration<double>{seconds};
  for (auto last = begin; last < end;) {
    if (!trip())
      std::exit(1);
    auto now = clock_type::now();
    into.times.push_back(micros{now - last}.count());
    last = now;
  }
  into.seconds += std::chrono::duration<double>{clock_type::now() - begin}.count();
  into.client_cpu += own_cpu() - client;
  into.server_cpu += cpu_of(server) - other;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 6)
    return 64;
  auto port = [&](int i) { return static_cast<std::uint16_t>(std::atoi(argv[i])); };
  const std::string server = argv[3];
  lockserver::rest_client rest{"bench", "127.0.0.1", port(1)};
  auto over_http = [&] {
    lockserver::client::acquire_options options;
    options.ttl = 30s;
    auto got = rest.acquire("http", options);
    return got && rest.release("http", got->token);
  };

  lockserver::init_client_types();
  caf::actor_system_config config;
  lockserver::load_client(config);
  caf::actor_system system{config};
  auto locks = lockserver::spawn_client(system, "127.0.0.1", port(2));
  result http;
  result caf;
  {
    auto ask = caf::make_function_view(locks);
    auto over_caf = [&] {
      lockserver::acquire_lock wanted{"caf"};
      wanted.ttl = 30s;
      if (!ask(wanted))
        return false;
      auto released = ask(lockserver::release_request{"caf", {}});
      return released && *released;
    };
    for (int i = std::atoi(argv[4]); i > 0; --i) {
      run(http, server, std::atof(argv[5]), over_http);
      run(caf, server, std::atof(argv[5]), over_caf);
    }
  }
  http.print("REST client");
  caf.print("client actor");
  caf::anon_send_exit(locks, caf::exit_reason::user_shutdown);
}
