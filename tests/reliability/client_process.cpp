#include "tests/reliability/client_process.hpp"

#include "tests/reliability/worker.hpp"

#include <atomic>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <thread>
#include <vector>

namespace reliability {

child start_clients(const client_plan& x, const std::string& output) {
  return child{{"/proc/self/exe", "--client", x.kind, "--name", x.name, "--journal", x.journal,
                "--port", std::to_string(x.ports.http), "--caf-port", std::to_string(x.ports.caf),
                "--seed", std::to_string(x.seed), "--threads", std::to_string(x.threads)},
               output};
}

void run_clients(const client_plan& x) {
  block_end_signals(); // also in the threads
  journal to{x.journal};
  std::atomic<bool> failed = false;
  std::vector<std::unique_ptr<worker>> workers;
  for (unsigned i = 0; i < x.threads; ++i)
    workers.push_back(
      std::make_unique<worker>(x.kind, x.name + "." + std::to_string(i), x.ports, x.seed + i, to));
  {
    std::vector<std::jthread> threads;
    for (auto& one : workers)
      threads.emplace_back([&failed, &one](const std::stop_token& stop) {
        try {
          one->run(stop);
        } catch (const std::exception& e) {
          std::cerr << e.what() << std::endl;
          failed = true;
        }
      });
    while (!failed && !end_requested_within(std::chrono::milliseconds{200}))
      ;
    for (auto& thread : threads)
      thread.request_stop();
  }
  std::_Exit(failed ? 1 : 0);
}

} // namespace reliability
