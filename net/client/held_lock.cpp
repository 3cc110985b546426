#include "lockserver/held_lock.hpp"

#include "net/client/bound_connection.hpp"
#include "net/client/client_parts.hpp"
#include "net/client/lock_keeper.hpp"
#include "net/client/operations.hpp"
#include "net/client/v1_answer.hpp"

#include <algorithm>
#include <exception>
#include <unistd.h>
#include <utility>

namespace lockserver {

using namespace client;

namespace {

// Closes the connection of a bound lock after the lock was given up.
class unbinding {
public:
  explicit unbinding(const held_record& lock) : connection_(lock.obtained.connection) {
  }
  unbinding(const unbinding&) = delete;
  unbinding& operator=(const unbinding&) = delete;
  ~unbinding() {
    if (connection_)
      connection_->close();
  }

private:
  const std::shared_ptr<bound_connection> connection_;
};

} // namespace

held_lock::held_lock() noexcept = default;

held_lock::held_lock(const rest_client& client, client::grant obtained, lost_handler on_lost,
                     std::optional<std::chrono::milliseconds> ttl)
  : process_(getpid()), core_(client.impl_->here().core) {
  auto each = ttl ? ttl : obtained.asked_ttl;
  auto keeper = client.impl_->here().keeper();
  lock_ = std::make_shared<held_record>(std::move(obtained), each, std::move(on_lost));
  keeper->keep(lock_);
  keeper_ = keeper;
}

held_lock::held_lock(held_lock&& other) noexcept = default;

held_lock& held_lock::operator=(held_lock&& other) noexcept {
  if (this != &other) {
    (void) release();
    process_ = other.process_;
    core_ = std::move(other.core_);
    keeper_ = std::move(other.keeper_);
    lock_ = std::move(other.lock_);
  }
  return *this;
}

held_lock::~held_lock() {
  (void) release();
}

bool held_lock::held() const noexcept {
  return state() == hold_state::held;
}

// Does not touch what the parent's threads may have been using at the moment of the fork.
bool held_lock::is_here() const noexcept {
  return lock_ && process_ == getpid();
}

hold_state held_lock::state() const noexcept {
  return is_here() ? lock_->state() : hold_state::none;
}

problem held_lock::loss() const {
  return is_here() ? lock_->loss() : problem{};
}

std::chrono::nanoseconds held_lock::remaining() const noexcept {
  if (!held())
    return {};
  return std::max(lock_->safe_until() - boot_clock::now(), boot_clock::duration{0});
}

const client::grant& held_lock::grant() const noexcept {
  return lock_->obtained;
}

std::uint64_t held_lock::token() const noexcept {
  return lock_ ? lock_->obtained.token : 0;
}

void held_lock::pause() noexcept {
  if (lock_)
    lock_->paused = true;
}

void held_lock::resume() noexcept {
  if (lock_)
    lock_->paused = false;
}

answer<void> held_lock::release() noexcept {
  try {
    if (lock_ && !is_here()) {
      // Leaked: its destructor would close what the parent still uses.
      (void) new std::shared_ptr<blocking_core>(std::move(core_));
      lock_.reset();
      return problem{errc::not_holder, "the lock belongs to the process that obtained it"};
    }
    auto before = lock_ ? lock_->give_up() : hold_state::none;
    if (before == hold_state::none || before == hold_state::released)
      return problem{errc::not_holder, "there is no lock to release"};
    unbinding at_the_end{*lock_};
    if (auto keeper = keeper_.lock())
      keeper->forget(lock_);
    if (before == hold_state::lost)
      return lock_->loss();
    // The release need not take longer than the lock would last by itself.
    auto left = std::max<std::chrono::nanoseconds>(lock_->safe_until() - boot_clock::now(),
                                                   std::chrono::seconds{1});
    auto patience
      = std::min<std::chrono::nanoseconds>(left, bounded(core_->target.options.answer_timeout));
    effort limits{
      1, {}, core_->target.options.connect_timeout, core_->target.options.answer_timeout};
    limits.give_up = limits.until(std::chrono::duration_cast<client_options::duration>(left));
    auto& x = lock_->obtained;
    persistence plan{boot_clock::now(), patience, true};
    return core_->run<answer<void>>([&](const auto& core) {
      return operations::release_within(core, x.key, x.owner, x.token, plan, limits);
    });
  } catch (const std::exception&) { // the lock ends when its time is over
    return operations::thrown_problem();
  }
}

answer<void> held_lock::leave(std::chrono::milliseconds ttl) noexcept {
  try {
    if (!lock_)
      return problem{errc::not_holder, "there is no lock to leave"};
    if (!is_here())
      return problem{errc::not_holder, "the lock belongs to the process that obtained it"};
    if (lock_->obtained.connection)
      return v1::refused("a lock that is bound to its connection ends with it");
    auto before = lock_->give_up();
    if (before == hold_state::none || before == hold_state::released)
      return problem{errc::not_holder, "there is no lock to leave"};
    if (auto keeper = keeper_.lock())
      keeper->forget(lock_);
    if (before == hold_state::lost)
      return lock_->loss();
    auto& x = lock_->obtained;
    auto left = std::chrono::duration_cast<client_options::duration>(lock_->safe_until()
                                                                     - boot_clock::now());
    effort limits{
      1, {}, core_->target.options.connect_timeout, core_->target.options.answer_timeout};
    limits.give_up = limits.until(left);
    auto renewed = core_->run<answer<client::grant>>([&](const auto& core) {
      return operations::renew_within(core, x.key, x.owner, x.token, ttl, limits);
    });
    return renewed ? answer<void>{} : renewed.error();
  } catch (const std::exception&) { // the lock ends when its time is over
    return operations::thrown_problem();
  }
}

answer<held_lock> hold(const rest_client& client, std::string_view key, acquire_options options,
                       held_lock::lost_handler on_lost) {
  if (!options.lease.empty())
    return v1::refused("lease: a lock with a lease is renewed by its lease");
  auto obtained = client.acquire(key, std::move(options));
  if (!obtained)
    return obtained.error();
  return held_lock{client, std::move(*obtained), std::move(on_lost)};
}

} // namespace lockserver
