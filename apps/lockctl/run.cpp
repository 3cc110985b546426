// `lockctl run`: holds a lock while a command runs.
#include "lockserver/async_rest_client.hpp"
#include "lockserver/held_lock.hpp"
#include "lockserver/rest_client.hpp"

#include "apps/lockctl/child.hpp"
#include "apps/lockctl/commands.hpp"
#include "apps/lockctl/failure.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <signal.h>

#include <chrono>
#include <iostream>
#include <optional>
#include <utility>
#include <vector>

namespace lockserver::lockctl {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using namespace std::chrono_literals;

// What a command gets to end in peace when the lock is lost.
constexpr auto grace = 5s;

// Those that are passed on. What our caller ignores (nohup) stays ignored, for
// the command as well.
std::vector<int> handled_signals() {
  std::vector<int> result;
  for (auto x : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP}) {
    struct sigaction now {};
    sigaction(x, nullptr, &now);
    if (now.sa_handler != SIG_IGN)
      result.push_back(x);
  }
  return result;
}

// All of it happens on the main thread; only the renewals have another.
class runner {
public:
  explicit runner(const options& x)
    : options_(x),
      handled_(handled_signals()),
      client_(x.owner, x.host, x.port, impatient()),
      async_client_(io_.get_executor(), x.owner, x.host, x.port, impatient()) {
    for (auto signal : handled_)
      signals_.add(signal);
    signals_.add(SIGCHLD);
  }

  int run() {
    next_signal();
    obtain();
    io_.run();
    if (failed_)
      throw failure{*failed_};
    return status_;
  }

private:
  void obtain() {
    async_client_.async_acquire(
      options_.key, options_.acquire,
      asio::bind_cancellation_slot(waiting_.slot(), [this](answer<grant> result) {
        if (result)
          return start(std::move(*result));
        signals_.cancel();
        if (!interrupted_)
          failed_ = failure_of(result.why(), "lock " + options_.key);
      }));
  }

  void start(grant obtained) {
    auto token = std::to_string(obtained.token);
    lock_ = held_lock{client_, std::move(obtained),
                      [this](const problem&) { asio::post(io_, [this] { lose(); }); },
                      options_.acquire.ttl};
    if (interrupted_) { // just when it was granted
      finish();
      return;
    }
    try {
      child_.emplace(
        options_.words,
        std::vector<std::pair<std::string, std::string>>{
          {"LOCK_KEY", options_.key}, {"LOCK_OWNER", options_.owner}, {"LOCK_TOKEN", token}},
        handled_);
    } catch (const failure& x) {
      failed_ = x;
      finish();
    }
  }

  // -- signals ----------------------------------------------------------------------

  void next_signal() {
    signals_.async_wait([this](error_code ec, int signal) {
      if (ec)
        return;
      if (signal == SIGCHLD)
        look();
      else if (child_)
        child_->send(signal);
      else
        interrupt(signal);
      if (!finished_)
        next_signal();
    });
  }

  // While it waits for the lock.
  void interrupt(int signal) {
    if (signal == SIGTSTP) { // to wait on is all there is to do
      raise(SIGSTOP);
      return;
    }
    interrupted_ = true;
    status_ = 128 + signal;
    waiting_.emit(asio::cancellation_type::terminal);
  }

  // -- the end of the command, or of the lock -----------------------------------------

  void look() {
    if (!child_ || ended_)
      return;
    ended_ = child_->look();
    if (!ended_)
      return;
    status_ = *ended_;
    // Seen by the clock, even if this process was stopped and nobody has told.
    if (!lock_.held())
      lose();
    if (!losing_)
      finish();
  }

  void lose() {
    if (finished_ || losing_)
      return;
    losing_ = true;
    std::cerr << "lockctl: lost the lock " << options_.key << ": " << lock_.loss().detail << '\n';
    end_group(std::chrono::steady_clock::now() + grace);
  }

  // Until nothing is left of the group, even when the command itself has ended:
  // what it has started had the lock, too.
  void end_group(std::chrono::steady_clock::time_point deadline) {
    if (!child_ || (!child_->send(SIGTERM) && ended_))
      return finish();
    child_->send(SIGCONT); // what is stopped does not see the other
    await_group(deadline);
  }

  void await_group(std::chrono::steady_clock::time_point deadline) {
    auto late = std::chrono::steady_clock::now() >= deadline;
    auto there = child_->send(late ? SIGKILL : 0);
    if (!there && ended_)
      return finish();
    timer_.expires_after(20ms);
    timer_.async_wait([this, deadline](error_code) { await_group(deadline); });
  }

  void finish() {
    finished_ = true;
    signals_.cancel();
    auto lost = losing_;
    if (auto released = lock_.release(); !released && !lost) {
      auto& why = released.why();
      // Taken away, and nobody has noticed: the command was not alone.
      lost = why.code == errc::not_holder;
      std::cerr << "lockctl: " << (lost ? "lost" : "cannot release") << " the lock " << options_.key
                << ": " << why.detail << '\n';
    }
    if (lost && !failed_)
      status_ = static_cast<int>(exit_status::lost);
  }

  const options& options_;
  const std::vector<int> handled_;
  asio::io_context io_{1};
  asio::signal_set signals_{io_};
  asio::steady_timer timer_{io_};
  asio::cancellation_signal waiting_;
  rest_client client_;
  async_rest_client async_client_;
  held_lock lock_;
  std::optional<child> child_;
  std::optional<int> ended_; // the command's status
  std::optional<failure> failed_;
  bool interrupted_ = false;
  bool losing_ = false;
  bool finished_ = false;
  int status_ = 0;
};

} // namespace

int run(const options& x) {
  return runner{x}.run();
}

} // namespace lockserver::lockctl
