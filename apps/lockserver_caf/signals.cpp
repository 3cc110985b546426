#include "apps/lockserver_caf/signals.hpp"

#include <signal.h>
#include <unistd.h>

#include <initializer_list>
#include <utility>

namespace lockserver::program {

namespace {

// The destructor sends it to wake the watching thread, so that the thread can end.
constexpr auto wake_up = SIGUSR1;

sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t result;
  sigemptyset(&result);
  for (auto x : signals)
    sigaddset(&result, x);
  return result;
}

sigset_t watched() {
  return set_of({SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2});
}

extern "C" void leave_at_once(int signal) {
  _exit(128 + signal);
}

} // namespace

void hold_signals() {
  auto held = watched();
  pthread_sigmask(SIG_BLOCK, &held, nullptr);
}

signals::signals(reactions x) : thread_([this, x = std::move(x)] { watch(x); }) {
}

signals::~signals() {
  done_ = true;
  pthread_kill(thread_.native_handle(), wake_up);
  thread_.join();
}

void signals::watch(const reactions& x) {
  auto all = watched();
  auto signal = 0;
  while (signal != SIGTERM && signal != SIGINT) {
    sigwait(&all, &signal);
    if (done_)
      return;
    if (signal == SIGHUP)
      x.reload();
    else if (signal == SIGUSR1 || signal == SIGUSR2)
      x.ignore(signal == SIGUSR1 ? "SIGUSR1" : "SIGUSR2");
  }
  struct sigaction second {};
  second.sa_handler = leave_at_once;
  sigaction(SIGTERM, &second, nullptr);
  sigaction(SIGINT, &second, nullptr);
  auto stopping = set_of({SIGTERM, SIGINT});
  pthread_sigmask(SIG_UNBLOCK, &stopping, nullptr);
  stopped_by_ = signal;
  x.stop();
}

} // namespace lockserver::program
