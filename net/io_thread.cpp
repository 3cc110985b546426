#include "net/io_thread.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace lockserver {

namespace {

// Messages that one actor may work off before others have their turn. CAF's
// default is unlimited, which lets one actor keep a thread. More than what timers
// and pacers have under way, so that an actor to which all of that comes, such as a
// registry, does not fall behind.
constexpr std::size_t messages_per_resume = 256;

// Actors that one turn may run before sockets are looked at again; one that used up
// its messages counts for as many. A request runs four. Busy clients' turns follow
// each other, so that everybody waits for a turn of each of them: with 128, a client
// beside three busy ones waited 6 ms, with 32, 2 ms (`bench stalls`, lists).
constexpr std::size_t resumes_per_turn = 32;

// Timers that may fire at once. What they wake is over within some turns.
constexpr std::size_t timers_at_once = 64;

// The same while actors still have work from the turn before.
constexpr std::size_t timers_when_busy = 8;

thread_local io_thread* current_thread = nullptr;

// Whom the calling thread has to wake when it releases its wakes.
thread_local bool holds_wakes = false;
thread_local std::vector<io_thread*> held_wakes;

} // namespace

io_thread::io_thread(owner_of owner)
  : owner_(owner),
    work_(boost::asio::make_work_guard(context_)),
    read_buffer_(std::make_unique<std::array<char, 64 * 1024>>()),
    alarm_(context_) {
}

io_thread::~io_thread() {
  if (thread_.joinable()) {
    context_.stop();
    thread_.join();
  }
}

io_thread* io_thread::current() noexcept {
  return current_thread;
}

void io_thread::launch(caf::actor_system& sys) {
  attach(sys);
  thread_ = std::thread{[this] {
    current_thread = this;
    while (!context_.stopped()) {
      try {
        context_.run();
      } catch (...) { // as in `finish_turn`
      }
    }
    current_thread = nullptr;
  }};
}

std::vector<caf::resumable*> io_thread::halt() {
  context_.stop();
  if (thread_.joinable())
    thread_.join();
  take_inbox();
  std::vector<caf::resumable*> result{ready_.begin(), ready_.end()};
  ready_.clear();
  return result;
}

void io_thread::add(caf::resumable* job) {
  if (current_thread == this) {
    ready_.push_back(job);
    if (!in_turn_)
      post_turn();
    return;
  }
  bool first = false;
  {
    std::lock_guard guard{inbox_mutex_};
    first = inbox_.empty();
    inbox_.push_back(job);
  }
  // A non-empty inbox has a turn under way already, or will have one soon.
  if (first && holds_wakes)
    held_wakes.push_back(this);
  else if (first)
    post_inbox();
}

void io_thread::hold_wakes() noexcept {
  holds_wakes = true;
}

void io_thread::release_wakes() {
  holds_wakes = false;
  for (auto* x : held_wakes)
    x->post_inbox();
  held_wakes.clear();
}

void io_thread::post_inbox() {
  boost::asio::post(context_, [this] {
    turn t{*this};
    take_inbox();
  });
}

void io_thread::take_inbox() {
  std::lock_guard guard{inbox_mutex_};
  ready_.insert(ready_.end(), inbox_.begin(), inbox_.end());
  inbox_.clear();
}

void io_thread::post_turn() {
  if (turn_posted_)
    return;
  boost::asio::post(context_, [this] {
    turn_posted_ = false;
    turn t{*this};
  });
  turn_posted_ = true;
}

// What runs here catches what it throws itself. This is for what comes from CAF or
// Asio for want of memory: what is left goes on in a turn of its own.
void io_thread::finish_turn() noexcept {
  try {
    run_turn();
  } catch (...) { // there is nobody here to tell
  }
  in_turn_ = false;
  turn_time_ = {};
  for (auto tries = 0; tries < 2 && (!ready_.empty() || !put_off_.empty()); ++tries) {
    try {
      return post_turn();
    } catch (...) { // else the next event goes on with it
    }
  }
}

void io_thread::run_turn() {
  auto budget = resumes_per_turn;
  // Writing may wake actors (an answer that could not be written is taken
  // back), and actors may put off writes: until neither has anything to do.
  while (!ready_.empty() || !put_off_.empty()) {
    for (; !ready_.empty() && budget > 0; --budget) {
      auto* job = ready_.front();
      ready_.pop_front();
      if (resume(job, messages_per_resume)) {
        ready_.push_back(job);
        budget -= std::min(budget - 1, messages_per_resume);
      }
    }
    auto put_off = std::exchange(put_off_, {});
    for (auto& x : put_off)
      x->end_turn();
    if (put_off_.empty()) { // keep the capacity
      put_off.clear();
      put_off_ = std::move(put_off);
    }
    if (budget == 0)
      break;
  }
}

void io_thread::set_timer(timer_node& x, time_point due) {
  {
    std::lock_guard guard{timers_mutex_};
    timers_.set(x, due);
    if (due >= armed_for_)
      return;
    armed_for_ = due;
  }
  if (current_thread == this)
    arm();
  else
    boost::asio::post(context_, [this] { arm(); });
}

void io_thread::clear_timer(timer_node& x) noexcept {
  std::lock_guard guard{timers_mutex_};
  timers_.clear(x);
  // The alarm stays: at worst it rings once for nothing.
}

// Goes by what is the earliest by now: since another thread posted this, an
// earlier deadline may have been set, or all have fired.
void io_thread::arm() {
  {
    std::lock_guard guard{timers_mutex_};
    if (armed_for_ == time_point::max())
      return;
    alarm_.expires_at(armed_for_);
  }
  alarm_.async_wait([this](const boost::system::error_code& ec) {
    if (!ec)
      on_timer();
  });
}

void io_thread::on_timer() {
  turn t{*this};
  auto most = ready_.empty() ? timers_at_once : timers_when_busy;
  std::vector<caf::actor> woken;
  {
    std::lock_guard guard{timers_mutex_};
    auto now = std::chrono::steady_clock::now();
    while (woken.size() < most) {
      auto* x = timers_.pop_due(now);
      if (x == nullptr)
        break;
      if (auto owner = owner_(*x))
        woken.push_back(std::move(owner));
    }
    armed_for_ = timers_.next_due().value_or(time_point::max());
  }
  arm();
  for (auto& x : woken)
    compat::anon_send(x, deadline_reached{});
}

} // namespace lockserver
