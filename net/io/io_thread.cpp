#include "net/io/io_thread.hpp"

#include "actors/compat/messaging.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace lockserver {

namespace {

// The number of messages that one actor may handle before others run. CAF's default is
// unlimited, which lets one actor occupy a thread. The number exceeds what timers and
// pacers have under way. So an actor that receives all of that, such as a registry, does
// not fall behind.
constexpr std::size_t messages_per_resume = 256;

// The number of actors that one turn may run before it looks at sockets again. An actor
// that used up its messages counts as many. A request runs four actors. The turns of busy
// clients follow each other, so everybody waits for one turn of each. With 128, a client
// beside three busy ones waited 6 ms, with 32 only 2 ms (`bench stalls`, lists).
constexpr std::size_t resumes_per_turn = 32;

// The number of timers that may fire at once. The work that they cause ends within a few
// turns.
constexpr std::size_t timers_at_once = 64;

// The same while actors still have work from the previous turn.
constexpr std::size_t timers_when_busy = 8;

// How long to wait if a timer's owner could not be told.
constexpr auto retry_pause = std::chrono::milliseconds{10};

thread_local io_thread* current_thread = nullptr;

// Whether the calling thread collects its wake-ups until `release_wakes`, and for whom.
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
  std::vector<caf::resumable*> result;
  while (!ready_.empty())
    result.push_back(ready_.pop());
  return result;
}

void io_thread::add(caf::resumable* job) {
  if (current_thread == this) {
    ready_.push(job);
    if (!in_turn_)
      try_to_post_turn();
    return;
  }
  {
    std::lock_guard guard{inbox_mutex_};
    inbox_.push(job);
    if (std::exchange(turn_for_inbox_, true))
      return;
  }
  // The job has been added, so the sender must not get an exception.
  try {
    if (holds_wakes)
      held_wakes.push_back(this);
    else
      post_inbox();
  } catch (...) { // the next job posts it
    std::lock_guard guard{inbox_mutex_};
    turn_for_inbox_ = false;
  }
}

void io_thread::hold_wakes() noexcept {
  holds_wakes = true;
}

void io_thread::release_wakes() {
  holds_wakes = false;
  for (auto* x : held_wakes) {
    try {
      x->post_inbox();
    } catch (...) { // as in `add`
      std::lock_guard guard{x->inbox_mutex_};
      x->turn_for_inbox_ = false;
    }
  }
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
  turn_for_inbox_ = false;
  ready_.push_all_of(inbox_);
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

// What runs here catches its own exceptions. This catches those of CAF and Asio for lack
// of memory. The remaining work gets a turn of its own.
void io_thread::finish_turn() noexcept {
  try {
    run_turn();
  } catch (...) { // nobody here could handle it
  }
  in_turn_ = false;
  turn_time_ = {};
  if (!ready_.empty() || !put_off_.empty())
    try_to_post_turn();
}

void io_thread::try_to_post_turn() noexcept {
  for (auto tries = 0; tries < 2; ++tries) {
    try {
      return post_turn();
    } catch (...) { // the next event continues
    }
  }
}

void io_thread::run_turn() {
  auto budget = resumes_per_turn;
  // Writing may wake actors, because an answer that could not be written is taken back.
  // Actors may add writes. So this goes on until neither has anything to do.
  while (!ready_.empty() || !put_off_.empty()) {
    for (; !ready_.empty() && budget > 0; --budget) {
      auto* job = ready_.pop();
      if (resume(job, messages_per_resume)) {
        ready_.push(job);
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
    return arm();
  try {
    boost::asio::post(context_, [this] { arm(); });
  } catch (...) {
    disarm();
    throw;
  }
}

// Clears the alarm. The next deadline sets it again.
void io_thread::disarm() noexcept {
  std::lock_guard guard{timers_mutex_};
  armed_for_ = time_point::max();
}

void io_thread::clear_timer(timer_node& x) noexcept {
  std::lock_guard guard{timers_mutex_};
  timers_.clear(x);
  // The alarm stays set: at worst it fires once for nothing.
}

// Uses the deadline that is the earliest now. Since another thread posted this call, an
// earlier one may have been set, or all may have fired.
void io_thread::arm() {
  {
    std::lock_guard guard{timers_mutex_};
    if (armed_for_ == time_point::max())
      return;
    alarm_.expires_at(armed_for_);
  }
  try {
    alarm_.async_wait([this](const boost::system::error_code& ec) {
      if (!ec)
        on_timer();
    });
  } catch (...) {
    disarm();
    throw;
  }
}

void io_thread::on_timer() {
  turn t{*this};
  auto most = ready_.empty() ? timers_at_once : timers_when_busy;
  auto now = std::chrono::steady_clock::now();
  for (std::size_t n = 0; n < most && fire_next(now); ++n)
    continue;
  {
    std::lock_guard guard{timers_mutex_};
    armed_for_ = timers_.next_due().value_or(time_point::max());
  }
  arm();
}

// Returns whether there may be more.
bool io_thread::fire_next(time_point now) {
  timer_node* due = nullptr;
  caf::actor owner;
  {
    std::lock_guard guard{timers_mutex_};
    due = timers_.pop_due(now);
    if (due == nullptr)
      return false;
    owner = owner_(*due);
  }
  if (!owner)
    return true;
  try {
    compat::anon_send(owner, deadline_reached{});
    return true;
  } catch (...) { // its owner lives, and would not set it again
    std::lock_guard guard{timers_mutex_};
    if (!due->is_set())
      timers_.set(*due, now + retry_pause);
    return false;
  }
}

} // namespace lockserver
