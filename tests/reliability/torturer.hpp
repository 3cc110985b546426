// Runs a server and its clients, kills and stops them and fills the disk at random, and
// collects what the clients were told.
#pragma once

#include "tests/reliability/client_process.hpp"
#include "tests/reliability/disk.hpp"
#include "tests/reliability/history.hpp"
#include "tests/reliability/server_process.hpp"
#include "tests/support/seed.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace reliability {

struct torture_plan {
  std::string program{};              ///< The server.
  std::vector<std::string> options{}; ///< Further options of the server.
  std::string directory{};            ///< For everything; exists.
  bool durable = true;                ///< Whether the server stores its locks.
  /// The possible events. One that is in the list more often is more likely.
  std::vector<std::string> troubles{"kill-server",  "kill-server",  "kill-server",
                                    "kill-server",  "stop-server",  "kill-clients",
                                    "kill-clients", "stop-clients", "fill-disk"};
  unsigned disk_megabytes = 0; ///< See `disk`.
  std::uint64_t seed = 0;
  duration lasts{};
  std::vector<std::string> kinds{"http", "caf"}; ///< The kinds of clients, in turn.
  unsigned processes = 4;
  unsigned threads = 8;
};

struct torture_counts {
  unsigned server_kills = 0;
  unsigned server_stops = 0;
  unsigned client_kills = 0;
  unsigned client_stops = 0;
  unsigned full_disks = 0;
};

class torturer {
public:
  /// @throws std::invalid_argument for an unknown event.
  explicit torturer(torture_plan x);

  /// Throws `std::runtime_error` for an error outside of the history: the server does not
  /// start, or does not continue after its disk has room again.
  history run();

  const torture_counts& counts() const noexcept {
    return counts_;
  }

private:
  struct client_slot {
    child process{};
    unsigned born = 0; ///< How many processes it has had.
  };

  void torment();
  bool may_kill_server() const;

  void kill_server();
  void stop_server();
  void kill_client();
  void stop_client();
  void fill_disk();
  void start(std::size_t slot);
  void end_clients();
  void collect_left_over(history& to);
  void await_recovery();
  bool wait(duration x);
  bool wait_between(unsigned least_ms, unsigned most_ms);
  std::string journal_of(std::size_t slot, unsigned born) const;

  static const std::map<std::string, void (torturer::*)()> troubles;

  torture_plan plan_;
  lockserver::test::random_source random_;
  disk disk_;
  std::uint16_t caf_port_;
  server_process server_;
  std::vector<client_slot> clients_;
  torture_counts counts_;
  bool interrupted_ = false;
};

} // namespace reliability
