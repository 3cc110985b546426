#include "lockserver/held_lock.hpp"

#include "net/client_core.hpp"
#include "net/lock_keeper.hpp"
#include "net/rest_client_impl.hpp"
#include "net/v1_answer.hpp"
#include "net/v1_request.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace lockserver {

using namespace client;

std::shared_ptr<lock_keeper> client_parts::keeper() {
  std::lock_guard guard{mutex_};
  if (!keeper_)
    keeper_ = std::make_shared<lock_keeper>(core->host, core->port, core->options);
  return keeper_;
}

// A lock that is being released may have the keeper for a moment longer: its
// thread ends here nevertheless.
client_parts::~client_parts() {
  if (keeper_)
    keeper_->stop();
}

held_lock::held_lock() noexcept = default;

held_lock::held_lock(const rest_client& client, client::grant obtained, lost_handler on_lost,
                     std::optional<std::chrono::milliseconds> ttl)
  : core_(client.impl_->core) {
  auto each = ttl.value_or(obtained.ttl);
  auto keeper = client.impl_->keeper();
  lock_ = std::make_shared<kept_lock>(std::move(obtained), each, std::move(on_lost));
  keeper->keep(lock_);
  keeper_ = keeper;
}

held_lock::held_lock(held_lock&& other) noexcept = default;

held_lock& held_lock::operator=(held_lock&& other) noexcept {
  if (this != &other) {
    (void) release();
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

hold_state held_lock::state() const noexcept {
  return lock_ ? lock_->state() : hold_state::none;
}

problem held_lock::loss() const {
  return lock_ ? lock_->loss() : problem{};
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

answer<done> held_lock::release() noexcept {
  try {
    auto before = lock_ ? lock_->give_up() : hold_state::none;
    if (before == hold_state::none || before == hold_state::released)
      return problem{client_errc::not_holder, "there is no lock to release"};
    if (auto keeper = keeper_.lock())
      keeper->forget(lock_);
    if (before == hold_state::lost)
      return lock_->loss();
    // What ends by itself soon is not worth more time than it has left.
    auto left = std::chrono::duration_cast<client_options::duration>(lock_->safe_until()
                                                                     - boot_clock::now());
    effort limits{1, {}, core_->options.connect_timeout, core_->options.answer_timeout};
    limits.give_up
      = limits.until(std::max(left, client_options::duration{std::chrono::seconds{1}}));
    auto& x = lock_->obtained;
    auto request = v1::release(x.key, x.owner, x.token);
    return v1::read_done(core_->ask(request.call, repeat::never, limits), core_->server);
  } catch (const std::exception&) { // out of memory: the lock ends by its time
    return problem{std::make_error_code(std::errc::not_enough_memory), {}};
  }
}

answer<done> held_lock::leave(std::chrono::milliseconds ttl) noexcept {
  try {
    auto before = lock_ ? lock_->give_up() : hold_state::none;
    if (before == hold_state::none || before == hold_state::released)
      return problem{client_errc::not_holder, "there is no lock to leave"};
    if (auto keeper = keeper_.lock())
      keeper->forget(lock_);
    if (before == hold_state::lost)
      return lock_->loss();
    auto began = boot_clock::now();
    auto left = std::chrono::duration_cast<client_options::duration>(lock_->safe_until() - began);
    effort limits{1, {}, core_->options.connect_timeout, core_->options.answer_timeout};
    limits.give_up = limits.until(left);
    auto& x = lock_->obtained;
    auto request = v1::renew(x.key, x.owner, x.token, ttl);
    auto renewed = v1::read_grant(core_->ask(request.call, repeat::once, limits), core_->server,
                                  began);
    return renewed ? answer<done>{done{}} : answer<done>{renewed.why()};
  } catch (const std::exception&) { // out of memory: the lock ends by its time
    return problem{std::make_error_code(std::errc::not_enough_memory), {}};
  }
}

answer<held_lock> hold(const rest_client& client, std::string_view key, acquire_options options,
                       held_lock::lost_handler on_lost) {
  if (!options.lease.empty())
    return v1::refused("lease: what lives with a lease is renewed with the lease");
  auto ttl = options.ttl;
  auto obtained = client.acquire(key, std::move(options));
  if (!obtained)
    return obtained.why();
  return held_lock{client, std::move(*obtained), std::move(on_lost), ttl};
}

} // namespace lockserver
