#include "apps/lockserver_caf/stop_signals.hpp"

#include <signal.h>
#include <unistd.h>

#include <initializer_list>
#include <utility>

namespace lockserver::program {

namespace {

// Not a request to stop: wakes the watching thread so that it can end.
constexpr auto wake_up = SIGUSR1;

sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t result;
  sigemptyset(&result);
  for (auto x : signals)
    sigaddset(&result, x);
  return result;
}

extern "C" void leave_at_once(int signal) {
  _exit(128 + signal);
}

} // namespace

void hold_stop_signals() {
  auto watched = set_of({SIGTERM, SIGINT, wake_up});
  pthread_sigmask(SIG_BLOCK, &watched, nullptr);
}

stop_signals::stop_signals(std::function<void()> stop)
  : thread_([this, stop = std::move(stop)] { watch(stop); }) {
}

stop_signals::~stop_signals() {
  done_ = true;
  pthread_kill(thread_.native_handle(), wake_up);
  thread_.join();
}

void stop_signals::watch(const std::function<void()>& stop) {
  auto watched = set_of({SIGTERM, SIGINT, wake_up});
  auto signal = wake_up;
  while (signal == wake_up && !done_)
    sigwait(&watched, &signal);
  if (signal == wake_up)
    return;
  struct sigaction second {};
  second.sa_handler = leave_at_once;
  sigaction(SIGTERM, &second, nullptr);
  sigaction(SIGINT, &second, nullptr);
  auto stopping = set_of({SIGTERM, SIGINT});
  pthread_sigmask(SIG_UNBLOCK, &stopping, nullptr);
  received_ = signal;
  stop();
}

} // namespace lockserver::program
