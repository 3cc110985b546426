// Servers with a port for CAF programs, and programs that use it, in separate processes.
#pragma once

#include "tests/support/caf_node.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/running_server.hpp"

#include <string>
#include <utility>
#include <vector>

namespace test {

inline lockserver::settings with_caf_port(lockserver::settings x = {}) {
  x.caf_port = 0;
  return x;
}

/// Settings with a session timeout of half a second.
inline lockserver::settings with_short_sessions() {
  auto x = with_caf_port();
  x.caf_session_timeout = std::chrono::milliseconds{500};
  return x;
}

/// The program of tests/caf/node.cpp as a client of a server.
class node_process : public child_process {
public:
  node_process(std::uint16_t caf_port, const std::string& name)
    : child_process({LOCKSERVER_TEST_NODE, std::to_string(caf_port), name}) {
  }

  /// Takes a lock, and returns its token. `ttl` in milliseconds.
  std::uint64_t take(const std::string& key, int ttl, const std::string& hold = "session") {
    tell("acquire " + key + ' ' + std::to_string(ttl) + " 0 " + hold);
    return std::stoull(line_with("granted " + key + ' '));
  }
};

/// The real program. It can be killed and started again on the same ports.
class server_process {
public:
  server_process() : port(free_port()), caf_port(free_port()) {
    start();
  }

  void start() {
    child_ = std::make_unique<child_process>(
      std::vector<std::string>{LOCKSERVER_PROGRAM, "--port", std::to_string(port), "--caf-port",
                               std::to_string(caf_port), "--log-level", "error"});
    child_->line_with("listening on ");
  }

  child_process* operator->() {
    return child_.get();
  }

  const std::uint16_t port;
  const std::uint16_t caf_port;

private:
  std::unique_ptr<child_process> child_;
};

} // namespace test
