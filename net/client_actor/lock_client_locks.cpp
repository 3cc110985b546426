// The locks and leases that the client actor keeps for its users: renewal, release and
// loss.

#include "actors/rules/kept_lock.hpp"
#include "net/client_actor/lock_client.hpp"

#include <algorithm>
#include <vector>

namespace lockserver {

namespace {

// An actor that can be told of a loss.
using listener = compat::typed_actor<caf::result<void>(lock_lost)>;

// The same rules for renewals as in the HTTP client.
using kept_times = kept_lock<lock_client::time_point>;

} // namespace

// -- locks ----------------------------------------------------------------------

void lock_client::keep(kept_lock x) {
  auto& number = lock_ids_[x.name];
  if (number == 0)
    number = ++last_id_;
  agenda_.set(number, std::min(x.renew_at, x.safe_until));
  locks_.insert_or_assign(number, std::move(x));
}

// Returns the lock if it is held here by that token (0: any token), else null.
lock_client::kept_lock* lock_client::kept_as(const lock_name& name, std::uint64_t token) {
  auto i = lock_ids_.find(name);
  if (i == lock_ids_.end())
    return nullptr;
  auto& x = locks_.at(i->second);
  return token == 0 || token == x.token ? &x : nullptr;
}

void lock_client::forget_lock(id number) {
  auto i = locks_.find(number);
  auto lease = std::move(i->second.lease);
  lock_ids_.erase(i->second.name);
  locks_.erase(i);
  agenda_.clear(number);
  // A lease of another owner is kept only while a lock uses it.
  auto j = lease.empty() ? lease_ids_.end() : lease_ids_.find(lease);
  if (j != lease_ids_.end() && !leases_.at(j->second).own
      && std::none_of(locks_.begin(), locks_.end(),
                      [&](auto& x) { return x.second.lease == lease; }))
    forget_lease(j->second);
}

// Called when the lock is due for renewal, when its time is over, and in a new session,
// which may no longer have it.
void lock_client::renew_lock(id number) {
  auto& x = locks_.at(number);
  if (!x.lease.empty())
    return;
  auto now = time_->now();
  if (now >= x.safe_until) {
    give_back(x.name, x.token, x.longest()); // in case the server's clock is late
    return lose(number, x.ends_by,
                x.ends_by == loss_reason::connection_lost
                  ? "the server could not be reached for as long as it keeps a session: " + trouble_
                  : "the lock could not be renewed in time");
  }
  x.renew_at = x.safe_until;
  agenda_.set(number, x.safe_until);
  if (!connected() || x.renewing)
    return;
  x.renewing = true;
  compat::request(this, session_, renew_request{x.name.first, x.name.second, x.token, x.ttl})
    .then(
      [this, number, now, token = x.token, ttl = x.ttl,
       session = session_id_](const acquire_reply& reply) {
        auto i = locks_.find(number);
        if (i == locks_.end() || i->second.token != token || session != session_id_)
          return;
        i->second.renewing = false;
        // The user may have asked for another ttl meanwhile. Then only the answer to that
        // counts.
        if (reply.status != acquire_reply::granted || ttl == i->second.ttl)
          on_renewed(number, now, reply);
        set_alarm();
      },
      [this, number, token = x.token, session = session_id_](const caf::error&) {
        // Either the session has ended, which is monitored, or the ttl was more than the
        // server grants.
        auto i = locks_.find(number);
        if (i == locks_.end() || i->second.token != token || session != session_id_)
          return;
        auto& lock = i->second;
        lock.renewing = false;
        lock.ttl = lock.granted_ttl;
        lock.renew_at = time_->now() + kept_times::retry_pause(lock.granted_ttl);
        agenda_.set(number, std::min(lock.renew_at, lock.safe_until));
        set_alarm();
      });
}

void lock_client::on_renewed(id number, time_point sent, const acquire_reply& x) {
  auto& lock = locks_.at(number);
  switch (x.status) {
    case acquire_reply::granted:
      if (x.token != lock.token || !lock.lease.empty())
        return;
      lock.granted_ttl = x.ttl;
      lock.ends_by = loss_reason::expired;
      lock.safe_until = safe_until(sent, x.ttl);
      lock.renew_at = sent + kept_times::renewal_period(x.ttl);
      agenda_.set(number, std::min(lock.renew_at, lock.safe_until));
      return;
    case acquire_reply::not_holder:
      return lose(number, loss_reason::not_holder,
                  "the server has ended the lock: it was released by force or by another, or "
                  "forgotten in a restart");
    default:
      // For instance a full disk: there may be time for another try.
      lock.renew_at = time_->now() + kept_times::retry_pause(lock.granted_ttl);
      agenda_.set(number, std::min(lock.renew_at, lock.safe_until));
  }
}

void lock_client::lose(id number, loss_reason reason, const std::string& detail) {
  auto& x = locks_.at(number);
  lock_lost message{x.name.first, x.name.second, x.token, reason, detail};
  auto user = caf::actor_cast<listener>(caf::actor_cast<caf::strong_actor_ptr>(x.user));
  forget_lock(number);
  if (user)
    compat::send(this, user, std::move(message));
}

// -- leases -----------------------------------------------------------------------

void lock_client::keep(kept_lease x, caf::timespan ttl, time_point sent) {
  auto number = ++last_id_;
  x.safe_until = safe_until(sent, ttl);
  x.renew_at = sent + kept_times::renewal_period(ttl);
  lease_ids_[x.name] = number;
  agenda_.set(number, std::min(x.renew_at, x.safe_until));
  leases_.emplace(number, std::move(x));
}

void lock_client::forget_lease(id number) {
  auto i = leases_.find(number);
  lease_ids_.erase(i->second.name);
  leases_.erase(i);
  agenda_.clear(number);
}

// Renews a lease that was made here. A lease that was made elsewhere is only inspected,
// because only its owner knows whether it is still wanted.
void lock_client::check_lease(id number) {
  auto& x = leases_.at(number);
  auto now = time_->now();
  if (now >= x.safe_until)
    return lose_lease(number, "the lease could not be renewed in time");
  x.renew_at = x.safe_until;
  agenda_.set(number, x.safe_until);
  if (!connected() || x.renewing)
    return;
  x.renewing = true;
  auto on_reply = [this, number, now, session = session_id_](const lease_reply& reply) {
    auto i = leases_.find(number);
    if (i == leases_.end() || session != session_id_)
      return;
    auto& lease = i->second;
    lease.renewing = false;
    if (reply.status == lease_reply::store_failed) { // there may be time for another try
      lease.renew_at = time_->now() + kept_times::retry_pause(reply.ttl);
      agenda_.set(number, std::min(lease.renew_at, lease.safe_until));
    } else if (reply.status != lease_reply::alive) {
      lose_lease(number, "the lease has ended");
    } else {
      lease.safe_until = std::max(lease.safe_until, safe_until(now, reply.ttl));
      lease.renew_at = now + kept_times::renewal_period(reply.ttl);
      agenda_.set(number, std::min(lease.renew_at, lease.safe_until));
    }
    set_alarm();
  };
  auto on_error = [](const caf::error&) {}; // the session is monitored
  if (x.own)
    compat::request(this, session_, lease_renew_request{x.name}).then(on_reply, on_error);
  else
    compat::request(this, session_, lease_inspect_request{x.name}).then(on_reply, on_error);
}

void lock_client::lose_lease(id number, const std::string& detail) {
  auto name = leases_.at(number).name;
  forget_lease(number);
  std::vector<id> lost;
  for (auto& [lock, x] : locks_)
    if (x.lease == name)
      lost.push_back(lock);
  for (auto lock : lost)
    lose(lock, loss_reason::lease_expired, detail);
}

} // namespace lockserver
