#include "tests/reliability/worker.hpp"

#include <algorithm>
#include <utility>

namespace reliability {

namespace {

// A few keys that everybody wants, so that there are queues, and many keys that are
// mostly free.
constexpr std::uint64_t hot_keys = 3;
constexpr std::uint64_t semaphores = 3;
constexpr std::uint64_t cool_keys = 60;
constexpr unsigned semaphore_limit = 3;

// The locks that one worker holds at a time. There are several, so that older ones are
// held, too, when the server is killed.
constexpr std::size_t most_held = 4;

bool is_semaphore(const std::string& key) {
  return key.starts_with("sem");
}

bool is_hot(const std::string& key) {
  return key.starts_with("hot") || is_semaphore(key);
}

} // namespace

worker::worker(std::string kind, std::string name, server_ports ports, std::uint64_t seed,
               journal& to)
  : kind_(std::move(kind)), name_(std::move(name)), ports_(ports), random_(seed), journal_(to) {
  become_another();
}

void worker::run(const std::stop_token& stop) {
  stop_ = stop;
  while (!stop_.stop_requested())
    step();
}

void worker::step() {
  pause(between(0, 5));
  // For a short time, so that the waiters get it.
  auto hot = std::find_if(held_.begin(), held_.end(), [](auto& x) { return is_hot(x.it.key); });
  if (chance(12)) {
    client_->verify(any_key());
  } else if (hot != held_.end() && chance(80)) {
    use(static_cast<std::size_t>(hot - held_.begin()));
  } else if (held_.empty() || (held_.size() < most_held && chance(45))) {
    take();
  } else {
    use(random_.below(held_.size()));
  }
}

void worker::take() {
  auto key = any_key();
  auto lease = !client_->renews() && chance(25) ? usable_lease() : nullptr;
  acquire_request request;
  request.ttl = lease ? lease->ttl : is_hot(key) ? between(150, 1000) : between(300, 4000);
  request.wait = is_hot(key) ? between(0, 1500) : chance(50) ? between(0, 300) : duration{};
  request.limit = is_semaphore(key) ? semaphore_limit : 1;
  request.lease = lease ? lease->id : "";
  request.request_id = std::to_string(++requests_);
  for (auto tries = 0; tries < 4 && !stop_.stop_requested(); ++tries) {
    auto got = client_->acquire(key, request);
    if (got.result == outcome::ok) {
      if (lease)
        lease->locks.push_back({key, got.token});
      held_.push_back({client_, {key, got.token}, std::move(lease)});
      return;
    }
    if (got.reason == "lease_expired")
      lease_ = nullptr;
    if (got.result == outcome::refused)
      return;
    pause(between(10, 80));
    if (got.result == outcome::unknown && chance(30))
      break;
  }
  // Under this name it might get already_held until the old lock expires.
  if (chance(50))
    become_another();
}

void worker::use(std::size_t index) {
  auto lock = held_[index];
  auto kind = random_.below(100);
  if (kind < 25) {
    auto got = lock.by->verify(lock.it.key);
    auto still = std::any_of(got.holders.begin(), got.holders.end(),
                             [&](auto& x) { return x.token == lock.it.token; });
    if (got.result == outcome::ok && !still)
      forget(index);
  } else if (kind < 50 && lock.lease) {
    renew_lease(lock);
  } else if (kind < 50) {
    auto got = lock.by->renew(lock.it, between(200, is_hot(lock.it.key) ? 1000 : 4000));
    if (got.result == outcome::refused)
      forget(index);
  } else if (kind < 55 && !lock.by->renews()) {
    forget(index); // the lock expires by itself
  } else if (kind < 70 && lock.lease) {
    end_lease(lock);
  } else {
    give_back(index);
  }
}

void worker::give_back(std::size_t index) {
  auto lock = held_[index];
  auto got = lock.by->release(lock.it);
  if (lock.lease && got.result != outcome::not_done)
    std::erase_if(lock.lease->locks, [&](auto& x) { return x.token == lock.it.token; });
  if (got.result == outcome::unknown || got.result == outcome::not_done) {
    pause(between(10, 80));
    // And tries again later. Not with a lease, because that is renewed.
    if (chance(70) && !lock.lease)
      return;
  }
  forget(index);
}

// -- leases -------------------------------------------------------------------

std::shared_ptr<worker::held_lease> worker::usable_lease() {
  if (!lease_) {
    auto ttl = between(1000, 4000);
    if (auto id = client_->create_lease(ttl); !id.empty())
      lease_ = std::make_shared<held_lease>(held_lease{id, ttl, {}});
  }
  return lease_;
}

void worker::forget_locks_of(const held_lease& x) {
  if (lease_.get() == &x)
    lease_ = nullptr;
  std::erase_if(held_, [&](auto& lock) { return lock.lease.get() == &x; });
}

void worker::renew_lease(const held_lock& x) {
  auto& lease = *x.lease;
  if (x.by->renew_lease(lease.id, lease.locks, lease.ttl) == outcome::refused)
    forget_locks_of(lease);
}

void worker::end_lease(const held_lock& x) {
  auto& lease = *x.lease;
  auto result = x.by->end_lease(lease.id, lease.locks);
  if (result == outcome::unknown || result == outcome::not_done)
    pause(between(10, 80));
  forget_locks_of(lease);
}

// -- other --------------------------------------------------------------------

void worker::become_another() {
  auto owner = name_ + "." + std::to_string(++names_);
  lease_ = nullptr;
  client_ = std::make_shared<recorded_client>(make_client(kind_, owner, ports_), owner, journal_);
}

std::string worker::any_key() {
  auto kind = random_.below(100);
  return kind < 18   ? "hot-" + std::to_string(random_.below(hot_keys))
         : kind < 30 ? "sem-" + std::to_string(random_.below(semaphores))
                     : "key-" + std::to_string(random_.below(cool_keys));
}

duration worker::between(int least_ms, int most_ms) {
  auto span = static_cast<std::uint64_t>(most_ms) - static_cast<std::uint64_t>(least_ms) + 1;
  return std::chrono::milliseconds{least_ms + static_cast<int>(random_.below(span))};
}

void worker::pause(duration x) {
  std::unique_lock guard{mutex_};
  never_notified_.wait_for(guard, stop_, x, [] { return false; });
}

} // namespace reliability
