#include "net/client/lock_keeper.hpp"

#include "net/client/bound_connection.hpp"
#include "net/client/operations.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace lockserver {

using namespace client;

namespace asio = boost::asio;
using boost::system::error_code;
using namespace std::chrono_literals;

namespace {

// For the connection of a bound lock: well below the time after which servers and routers
// close a silent connection.
constexpr std::chrono::nanoseconds longest_silence = longest_idle / 2;

problem connection_ended(const std::string& why = {}) {
  return {errc::connection_lost,
          "the connection that the lock was bound to has ended" + (why.empty() ? why : ": " + why)};
}

} // namespace

// -- one lock ---------------------------------------------------------------------

held_record::held_record(grant x, std::optional<std::chrono::milliseconds> each,
                         held_lock::lost_handler on_lost)
  : obtained(std::move(x)),
    ttl(each ? std::max(*each, 1ms) : each),
    times_(boot_clock::now(), obtained.safe_until, ttl.value_or(std::max(obtained.ttl, 1ms))),
    on_lost_(std::move(on_lost)) {
}

hold_state held_record::state_now() {
  if (state_ == hold_state::held && times_.is_lost(boot_clock::now())) {
    state_ = hold_state::lost;
    loss_.code = errc::expired;
    loss_.detail = loss_.code.message() + (loss_.detail.empty() ? "" : ": " + loss_.detail);
  }
  if (auto& bound = obtained.connection; state_ == hold_state::held && bound && !bound->stands()) {
    state_ = hold_state::lost;
    loss_ = connection_ended();
  }
  return state_;
}

hold_state held_record::state() {
  std::lock_guard guard{mutex_};
  return state_now();
}

boot_clock::time_point held_record::safe_until() {
  std::lock_guard guard{mutex_};
  return times_.safe_until();
}

std::chrono::nanoseconds held_record::renewal_period() {
  std::lock_guard guard{mutex_};
  return times_.renewal_period();
}

boot_clock::time_point held_record::renew_at() {
  std::lock_guard guard{mutex_};
  return times_.renew_at();
}

problem held_record::loss() {
  std::lock_guard guard{mutex_};
  return state_now() == hold_state::lost ? loss_ : problem{};
}

bool held_record::extend(const grant& renewed) {
  std::lock_guard guard{mutex_};
  // Somebody may have seen that the lock is lost: then it stays lost. Otherwise this
  // renewal proves that it was ours all the time.
  if (state_ != hold_state::held)
    return false;
  times_.renewed(boot_clock::now(), renewed.safe_until, ttl.value_or(renewed.ttl));
  loss_ = {};
  return state_now() == hold_state::held;
}

void held_record::note(const problem& x) {
  std::lock_guard guard{mutex_};
  if (state_ == hold_state::held)
    loss_.detail = x.detail;
  times_.not_renewed(boot_clock::now());
}

void held_record::put_off() {
  std::lock_guard guard{mutex_};
  times_.not_renewed(boot_clock::now());
}

void held_record::lose(problem why) {
  std::unique_lock guard{mutex_};
  if (state_ == hold_state::held) {
    state_ = hold_state::lost;
    loss_ = std::move(why);
  }
  if (state_ != hold_state::lost || told_)
    return;
  told_ = true;
  auto reason = loss_;
  guard.unlock();
  if (!on_lost_)
    return;
  try {
    on_lost_(reason);
  } catch (...) { // nobody on this thread could handle it
  }
}

hold_state held_record::give_up() {
  std::lock_guard guard{mutex_};
  auto before = state_now();
  if (before == hold_state::held)
    state_ = hold_state::released;
  return before;
}

// -- all locks ----------------------------------------------------------------------

// Used on the keeper's thread only.
struct lock_keeper::entry {
  entry(std::shared_ptr<held_record> x, const asio::any_io_executor& executor)
    : lock(std::move(x)), deadline(executor), next(executor) {
  }

  std::shared_ptr<held_record> lock;
  asio::steady_timer deadline; // when it is lost unless renewed
  asio::steady_timer next;     // when it is renewed next
  asio::cancellation_signal cancel;
  async_connection::pointer connection; // if the lock is bound to one
  bool listens = false;                 // waits for the end of the connection
  bool asks = false;                    // sends a request on the connection
};

lock_keeper::lock_keeper(const client_target& target)
  : work_(asio::make_work_guard(context_)),
    core_(std::make_shared<async_core>(context_.get_executor(), target)),
    thread_([this] { serve(); }) {
}

lock_keeper::~lock_keeper() {
  stop();
}

// A lack of memory costs at most the lock that it affects.
void lock_keeper::serve() {
  while (!context_.stopped()) {
    try {
      context_.run();
    } catch (const std::exception&) { // go on with the other locks
    }
  }
}

void lock_keeper::stop() {
  context_.stop();
  if (thread_.joinable())
    thread_.join();
  std::lock_guard guard{mutex_};
  stopped_ = true;
  changed_.notify_all();
}

void lock_keeper::keep(std::shared_ptr<held_record> lock) {
  {
    std::lock_guard guard{mutex_};
    pending_.insert(lock.get());
  }
  asio::post(core_->executor, [this, lock = std::move(lock)] { start(lock); });
}

void lock_keeper::forget(const std::shared_ptr<held_record>& lock) {
  auto cancel = [this, lock] {
    if (auto i = entries_.find(lock.get()); i != entries_.end()) {
      auto x = i->second; // a copy, because finishing erases the entry
      x->cancel.emit(asio::cancellation_type::terminal);
    }
  };
  if (std::this_thread::get_id() == thread_.get_id())
    return cancel();
  asio::post(core_->executor, cancel);
  std::unique_lock guard{mutex_};
  changed_.wait(guard, [&] { return stopped_ || pending_.count(lock.get()) == 0; });
}

void lock_keeper::start(const std::shared_ptr<held_record>& lock) {
  try {
    begin(lock);
  } catch (const std::exception& x) {
    lock->lose({std::make_error_code(std::errc::not_enough_memory), x.what()});
    entries_.erase(lock.get());
    std::lock_guard guard{mutex_};
    pending_.erase(lock.get());
    changed_.notify_all();
  }
}

void lock_keeper::begin(std::shared_ptr<held_record> lock) {
  auto x = std::make_shared<entry>(std::move(lock), core_->executor);
  entries_.emplace(x->lock.get(), x);
  watch(x);
  if (auto& bound = x->lock->obtained.connection) {
    x->connection = async_connection::share(core_->executor, core_->target, *bound);
    if (x->connection)
      listen(x);
    else
      x->lock->lose(
        connection_ended("its connection cannot be watched: there are no file descriptors left"));
  }
  asio::co_spawn(core_->executor, renew(x),
                 asio::bind_cancellation_slot(
                   x->cancel.slot(), [this, x](const std::exception_ptr&) { finish(*x); }));
}

void lock_keeper::finish(entry& x) {
  x.deadline.cancel();
  if (x.connection)
    x.connection->close();
  auto* lock = x.lock.get();
  entries_.erase(lock);
  std::lock_guard guard{mutex_};
  pending_.erase(lock);
  changed_.notify_all();
}

// Reports a loss on time, even while a renewal waits.
void lock_keeper::watch(const std::shared_ptr<entry>& x) {
  x->deadline.expires_after(
    std::chrono::ceil<std::chrono::milliseconds>(x->lock->safe_until() - boot_clock::now()));
  x->deadline.async_wait([this, x](error_code ec) {
    if (ec)
      return;
    switch (x->lock->state()) {
      case hold_state::held:
        watch(x);
        break;
      case hold_state::lost:
        x->lock->lose({});
        x->cancel.emit(asio::cancellation_type::terminal);
        break;
      default:
        break;
    }
  });
}

// Reports at once that the connection of a bound lock has ended, or has sent what nobody
// asked for.
void lock_keeper::listen(const std::shared_ptr<entry>& x) {
  if (std::exchange(x->listens, true))
    return;
  x->connection->on_readable([this, x](error_code ec) {
    x->listens = false;
    if (ec || x->asks)
      return;
    if (x->connection->quiet())
      return listen(x);
    x->lock->lose(connection_ended());
    x->cancel.emit(asio::cancellation_type::terminal);
  });
}

effort::clock::time_point lock_keeper::deadline_of(held_record& lock) const {
  using duration = effort::clock::duration;
  return effort::clock::now()
         + std::chrono::duration_cast<duration>(lock.safe_until() - boot_clock::now());
}

// Called after a request on the connection of a bound lock. Returns whether the
// connection is still open.
bool lock_keeper::goes_on(const std::shared_ptr<entry>& x, const std::string& why) {
  x->asks = false;
  if (x->connection->quiet()) {
    listen(x);
    return true;
  }
  x->lock->lose(connection_ended(why));
  return false;
}

// Sends something before the server closes the connection as idle. A lock whose renewal
// is paused still has its time.
asio::awaitable<void> lock_keeper::break_silence(std::shared_ptr<entry> x) {
  http_call call;
  call.target = "/healthz";
  x->asks = true;
  try {
    co_await x->connection->exchange(call, deadline_of(*x->lock));
  } catch (const std::exception&) { // no memory left, for now
  }
}

asio::awaitable<answer<grant>> lock_keeper::renew_once(std::shared_ptr<entry> x) {
  auto& what = x->lock->obtained;
  auto ttl = x->lock->ttl;
  answer<grant> result;
  if (x->connection) { // another try would need another connection
    x->asks = true;
    result = co_await operations::renew_on(*x->connection, core_->server, what.key, what.owner,
                                           what.token, ttl, deadline_of(*x->lock));
  } else {
    auto period = std::chrono::duration_cast<effort::duration>(x->lock->renewal_period());
    effort limits{1,
                  {},
                  std::min(core_->target.options.connect_timeout, period),
                  std::min(core_->target.options.answer_timeout, period)};
    result = co_await operations::renew_within(core_, what.key, what.owner, what.token, ttl,
                                               limits);
  }
  co_return result;
}

asio::awaitable<void> lock_keeper::renew(std::shared_ptr<entry> x) {
  co_await asio::this_coro::throw_if_cancelled(false);
  auto& lock = *x->lock;
  for (;;) {
    error_code ec;
    std::chrono::nanoseconds pause = lock.renew_at() - boot_clock::now();
    x->next.expires_after(x->connection ? std::min(pause, longest_silence) : pause);
    co_await x->next.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    if (ec || lock.state() != hold_state::held)
      break;
    if (lock.paused) {
      if (x->connection && effort::clock::now() - x->connection->last_used() >= longest_silence) {
        co_await break_silence(x);
        if (!goes_on(x))
          break;
      }
      lock.put_off();
      continue;
    }
    answer<grant> renewed;
    try {
      renewed = co_await renew_once(x);
    } catch (const std::exception& failed) { // no memory or descriptors left, for now
      renewed = problem{std::make_error_code(std::errc::not_enough_memory), failed.what()};
    }
    auto cancelled = co_await asio::this_coro::cancellation_state;
    if (cancelled.cancelled() != asio::cancellation_type::none)
      break;
    if (renewed) {
      if (!lock.extend(*renewed) || (x->connection && !goes_on(x)))
        break;
      continue;
    }
    auto why = renewed.error();
    if (why == errc::not_holder || why == errc::lease_expired || why == errc::wrong_owner
        || why == errc::bad_request) {
      lock.lose(std::move(why));
      break;
    }
    if (x->connection && !goes_on(x, why.detail))
      break;
    lock.note(why);
  }
  if (lock.state() == hold_state::lost)
    lock.lose({});
}

} // namespace lockserver
