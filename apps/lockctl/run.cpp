// `lockctl run`: holds a lock while a command runs.
#include "lockserver/async_rest_client.hpp"
#include "lockserver/held_lock.hpp"
#include "lockserver/rest_client.hpp"

#include "apps/lockctl/child.hpp"
#include "apps/lockctl/commands.hpp"
#include "apps/lockctl/failure.hpp"
#include "apps/lockctl/printable.hpp"
#include "apps/lockctl/terminal.hpp"

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
#include <string>
#include <utility>
#include <vector>

namespace lockserver::lockctl {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using namespace std::chrono_literals;

// How long the command may take to end after the lock is lost.
constexpr auto grace = 5s;

// The signals that are passed on. A signal that our caller ignores (nohup) stays ignored,
// for the command as well.
std::vector<int> handled_signals() {
  std::vector<int> result;
  for (auto x :
       {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT}) {
    struct sigaction now {};
    sigaction(x, nullptr, &now);
    if (now.sa_handler != SIG_IGN)
      result.push_back(x);
  }
  return result;
}

// Everything runs on the main thread, except for the renewals.
class runner {
public:
  explicit runner(const options& x)
    : options_(x),
      handled_(handled_signals()),
      client_(x.owner, x.host, x.port, connection_options(x)),
      async_client_(io_.get_executor(), x.owner, x.host, x.port, connection_options(x)) {
    for (auto signal : handled_)
      signals_.add(signal);
    signals_.add(SIGCHLD);
  }

  int run() {
    next_signal();
    obtain();
    io_.run();
    signals_.clear();
    std::cerr << complaint_;
    if (failed_)
      throw failure{*failed_};
    if (ended_ && status_ == *ended_)
      child_->die_with_it();
    return status_;
  }

private:
  void obtain() {
    async_client_.reporting_to(why_not_).async_acquire(
      options_.key, options_.acquire,
      asio::bind_cancellation_slot(waiting_.slot(), [this](error_code ec, grant obtained) {
        if (!ec)
          return start(std::move(obtained));
        finished_ = true;
        signals_.cancel();
        if (!interrupted_)
          failed_ = failure_of(why_not_, "lock " + options_.key);
      }));
  }

  void start(grant obtained) {
    granted_ = boot_clock::now();
    auto ttl = obtained.ttl;
    auto token = std::to_string(obtained.token);
    lock_ = held_lock{client_, std::move(obtained),
                      [this](const problem&) { asio::post(io_, [this] { lose(); }); },
                      options_.acquire.ttl};
    if (interrupted_) { // at the moment of the grant
      finish();
      return;
    }
    if (!lock_.held()) { // this process was stopped for too long
      lose();
      return;
    }
    if (options_.at_least > ttl && !may_last()) {
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

  // Whether the server allows the lock to last for --at-least. Checked before the command
  // runs rather than after it.
  bool may_last() {
    auto renewed = client_.renew(options_.key, lock_.token(), options_.at_least);
    if (renewed.error() == errc::bad_request)
      failed_ = failure_of(renewed.error(), "keep the lock " + options_.key + " for --at-least");
    return !failed_;
  }

  // -- signals ----------------------------------------------------------------------

  void next_signal() {
    signals_.async_wait([this](error_code ec, int signal) {
      if (ec || finished_) // one more may be under way
        return;
      if (child_)
        forward(signal);
      else
        interrupt(signal);
      if (!finished_)
        next_signal();
    });
  }

  // A signal while lockctl waits for the lock.
  void interrupt(int signal) {
    if (signal == SIGCHLD || signal == SIGCONT)
      return;
    if (stops(signal)) { // nothing else to do: the wait goes on afterwards
      stop(stop_scope::process);
      return;
    }
    interrupted_ = true;
    status_ = 128 + signal;
    waiting_.emit(asio::cancellation_type::terminal);
  }

  static bool stops(int signal) {
    return signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
  }

  void forward(int signal) {
    if (signal == SIGCHLD) {
      look();
    } else if (signal == SIGCONT) {
      told_to_stop_ = false;
      if (child_->stopped())
        resume();
    } else if (signal == SIGUSR1 || signal == SIGUSR2) {
      child_->send(signal);
    } else if (!stops(signal)) {
      child_->end(signal);
    } else if (signal != SIGTSTP && child_->return_terminal()) {
      // Another process of our job, such as a pager, wants the terminal. The command will
      // ask for it when it needs it again.
      kill(0, SIGCONT);
    } else if (!losing_) {
      told_to_stop_ = true;
      child_->send(SIGTSTP);
    }
  }

  // -- a command that stops ---------------------------------------------------------

  // A stopped command does nothing with the lock. So it keeps the lock from others only
  // until the lock's time is over.
  void stopped() {
    if (losing_) {
      child_->send(SIGCONT); // a stopped process would not see the signal that ends it
      return;
    }
    lock_.pause();
    auto told = std::exchange(told_to_stop_, false);
    if (child_->stop_job(told))
      resume();
  }

  void resume() {
    if (!lock_.held())
      return lose();
    lock_.resume();
    child_->resume();
  }

  // -- the end of the command, or of the lock -----------------------------------------

  void look() {
    while (!ended_) {
      switch (child_->look()) {
        case child::change::none:
          return;
        case child::change::stopped:
          stopped();
          break;
        case child::change::continued:
          lock_.resume();
          break;
        case child::change::ended:
          ended_ = child_->status();
      }
    }
    if (finished_ || losing_)
      return;
    status_ = *ended_;
    // Detected by the clock, even if this process was stopped and no handler ran.
    if (!lock_.held())
      lose();
    else
      finish();
  }

  void lose() {
    if (finished_ || losing_)
      return;
    losing_ = true;
    auto why = lock_.loss();
    auto was_stopped = why == errc::expired && child_ && child_->stopped();
    complain("lost the lock",
             was_stopped ? "the command was stopped for longer than the lock's time" : why.detail);
    end_group(std::chrono::steady_clock::now() + grace);
  }

  // Printed at the end: standard error may be a pipe that nobody reads, and must not
  // delay the end of the command.
  void complain(const char* what, const std::string& why) {
    complaint_ = std::string{"lockctl: "} + what + ' ' + printable(options_.key) + ": "
                 + printable(why) + '\n';
  }

  // Waits until the whole group has ended, even after the command itself has. What the
  // command has started used the lock, too.
  void end_group(std::chrono::steady_clock::time_point deadline) {
    if (!child_ || (!child_->end(SIGTERM) && ended_))
      return finish();
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
    if (auto released = end_lock(); !released && !lost) {
      auto why = released.error();
      // Taken away without notice: the command was not alone.
      lost = why == errc::not_holder;
      complain(lost ? "lost the lock" : "cannot release the lock", why.detail);
    }
    if (lost && !failed_)
      status_ = static_cast<int>(exit_status::lost);
  }

  // If the command was too quick, the server keeps the lock for a while. That needs
  // neither this process nor another connection.
  answer<void> end_lock() {
    auto rest = std::chrono::ceil<std::chrono::milliseconds>(granted_ + options_.at_least
                                                             - boot_clock::now());
    return ended_ && rest > 0ms ? lock_.leave(rest) : lock_.release();
  }

  const options& options_;
  const std::vector<int> handled_;
  asio::io_context io_{1};
  asio::signal_set signals_{io_};
  asio::steady_timer timer_{io_};
  asio::cancellation_signal waiting_;
  rest_client client_;
  async_rest_client async_client_;
  problem why_not_; // written by `async_client_`
  held_lock lock_;
  boot_clock::time_point granted_{}; // the time of the grant or a little later
  std::optional<child> child_;
  std::optional<int> ended_; // the command's status
  std::optional<failure> failed_;
  std::string complaint_; // printed at the end
  bool interrupted_ = false;
  bool told_to_stop_ = false;
  bool losing_ = false;
  bool finished_ = false;
  int status_ = 0;
};

} // namespace

int run(const options& x) {
  return runner{x}.run();
}

} // namespace lockserver::lockctl
