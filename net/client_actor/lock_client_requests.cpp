// The requests of the client actor's users, and the answers to them.

#include "net/client_actor/lock_client.hpp"

#include "actors/compat/wire.hpp"

#include <algorithm>
#include <vector>

namespace lockserver {

namespace {

std::string holders_of(const acquire_reply& x) {
  std::string result;
  for (auto& y : x.holders) {
    if (result.size() > 200)
      return result + ", …";
    result += (result.empty() ? ": held by " : ", ") + y.owner;
  }
  return result;
}

// Gives all outcomes with one `code` in the HTTP API the same error code: programs need
// no finer distinction.
caf::error to_error(errc x, const std::string& sentence) {
  return caf::make_error(errc_of(row_of(x).name).value_or(x), sentence);
}

// Why a request was not granted.
caf::error refusal_of(const acquire_reply& x) {
  std::string sentence{row_of(x.status).sentence};
  if (x.status == acquire_reply::limit_mismatch)
    sentence = x.limit == 0
                 ? "the key is in use without a limit"
                 : "the key is in use as a semaphore with the limit " + std::to_string(x.limit);
  return to_error(x.status, sentence + holders_of(x));
}

caf::error refusal_of(const lease_reply& x) {
  return to_error(x.status, std::string{row_of(x.status).sentence});
}

// Whether a server's actor has answered, and not CAF in its place. `stopping` counts as
// no answer: the session ends, and another will come.
bool is_answer(const caf::error& x) {
  if (x == errc::stopping)
    return false;
  return std::any_of(outcomes.begin(), outcomes.end(),
                     [&](const outcome_row& row) { return row.status >= 400 && x == row.code; });
}

lock_grant to_grant(const std::string& key, const std::string& owner, const acquire_reply& x) {
  return {key, owner, x.mode, x.token, x.ttl, x.expires_at, x.waited};
}

// The server closes the connection of a client that sends a message far too large, and
// ends what depends on it.
constexpr std::size_t max_request_size = 64 * 1024;

template <class Request>
caf::error check_size(caf::actor_system& sys, Request& x) {
  auto size = compat::wire_size(sys, x);
  if (size <= max_request_size)
    return {};
  return caf::make_error(errc::bad_request, "the request has " + std::to_string(size) + " bytes, "
                                              + std::to_string(max_request_size) + " are the most");
}

caf::error nobody() {
  return caf::make_error(errc::bad_request,
                         "only an actor can hold a lock: use request, not an anonymous message");
}

} // namespace

// -- all requests ---------------------------------------------------------------

// @param user must be taken before a promise is made, because the promise takes the
//        sender.
lock_client::operation& lock_client::add_operation(id number, caf::actor_addr user, std::string key,
                                                   duration patience) {
  auto& x = operations_[number];
  x.user = std::move(user);
  x.key = std::move(key);
  x.due = time_->now() + patience;
  agenda_.set(number, x.due);
  return x;
}

bool lock_client::remove_operation(id number) {
  agenda_.clear(number);
  return operations_.erase(number) > 0;
}

// Without an answer of the server, the error comes from CAF because the session has
// ended. The session is monitored, and the request is sent again.
void lock_client::on_failure(id number, const caf::error& what, id session) {
  auto i = operations_.find(number);
  if (i == operations_.end() || session != session_id_ || !is_answer(what))
    return;
  auto x = std::move(i->second);
  remove_operation(number);
  x.fail(what);
}

template <class Reply, class Wire, class Request, class Convert>
caf::result<Reply>
lock_client::ask(Request x, std::string key, Convert convert, std::function<void(bool)> undo) {
  auto user = asker();
  if (leaves_ != 0)
    return has_ended();
  if (auto wrong = check_size(system(), x))
    return wrong;
  auto number = ++last_id_;
  auto promise = make_response_promise<Reply>();
  auto& now = add_operation(number, std::move(user), std::move(key), options_.request_timeout);
  now.fail = [promise](caf::error what) mutable { promise.deliver(std::move(what)); };
  now.undo = std::move(undo);
  now.send = [this, number, x = std::move(x), promise, convert] {
    operations_.at(number).sent = true;
    compat::request(this, session_, x)
      .then(
        [this, number, promise, convert](Wire& reply) mutable {
          if (!operations_.contains(number))
            return;
          auto result = convert(reply, operations_.at(number).repeat);
          remove_operation(number);
          if (result)
            promise.deliver(std::move(*result));
          else
            promise.deliver(std::move(result.error()));
          set_alarm();
        },
        [this, number, session = session_id_](const caf::error& what) {
          on_failure(number, what, session);
        });
  };
  if (connected())
    now.send();
  return promise;
}

// -- locks ----------------------------------------------------------------------

caf::result<lock_grant> lock_client::acquire(acquire_lock& x) {
  auto user = asker();
  if (!user)
    return nobody();
  if (leaves_ != 0)
    return has_ended();
  if (x.owner.empty())
    x.owner = own_name();
  if (x.wait == acquire_lock::default_wait)
    x.wait = options_.default_wait;
  // Far beyond every server's limit, but without overflow.
  constexpr caf::timespan most = std::chrono::hours{24 * 3650};
  if (x.wait < caf::timespan::zero() || x.wait > most || x.ttl > most)
    return caf::make_error(errc::bad_request, "wait must be 0 or more, and it and ttl must be "
                                              "within the server's limits");
  if (auto wrong = check_size(system(), x))
    return wrong;
  auto number = ++last_id_;
  if (x.request_id.empty())
    x.request_id = instance_ + '-' + std::to_string(number);
  auto promise = make_response_promise<lock_grant>();
  auto& now = add_operation(number, std::move(user), x.key, x.wait + options_.request_timeout);
  now.acquires = true;
  now.fail = [promise](caf::error what) mutable { promise.deliver(std::move(what)); };
  now.send = [this, number, x, asked = time_->now(), promise] {
    send_acquire(number, x, asked, promise);
  };
  now.undo = [this, number, x](bool was_sent) {
    if (was_sent)
      withdraw(number, x);
  };
  if (connected())
    now.send();
  return promise;
}

void lock_client::send_acquire(id number, const acquire_lock& x, time_point asked,
                               caf::typed_response_promise<lock_grant> promise) {
  operations_.at(number).sent = true;
  auto now = time_->now();
  auto request = x;
  request.wait = std::max(x.wait - (now - asked), caf::timespan::zero());
  compat::request(this, session_, session_acquire{number, std::move(request)})
    .then(
      [this, number, x, now, promise](const acquire_reply& reply) mutable {
        on_acquire_reply(number, x, now, reply, promise);
        set_alarm();
      },
      [this, number, session = session_id_](const caf::error& what) {
        on_failure(number, what, session);
      });
}

void lock_client::on_acquire_reply(id number, const acquire_lock& x, time_point sent,
                                   const acquire_reply& reply,
                                   caf::typed_response_promise<lock_grant>& promise) {
  auto granted = reply.status == acquire_reply::granted;
  auto i = operations_.find(number);
  if (i == operations_.end()) { // given up meanwhile
    if (granted)
      give_back({x.key, x.owner}, reply.token, caf::timespan::max());
    return;
  }
  // The session ends with its locks, and another will come.
  if (reply.status == acquire_reply::stopping)
    return;
  auto user = i->second.user;
  remove_operation(number);
  if (!granted) {
    promise.deliver(refusal_of(reply));
    return;
  }
  // The server counts the ttl from the grant, which is `waited` later than the request.
  auto from = sent + reply.waited;
  kept_lock lock;
  lock.name = {x.key, x.owner};
  lock.user = user;
  lock.token = reply.token;
  lock.mode = reply.mode;
  lock.ttl = x.ttl; // a repeat's grant has only the rest of its ttl
  lock.granted_ttl = reply.ttl;
  lock.lease = x.lease;
  lock.hold = x.lease.empty() ? x.hold : hold_mode::ttl;
  lock.safe_until = x.lease.empty() ? safe_until(from, reply.ttl) : time_point::max();
  lock.renew_at = x.lease.empty() ? from + reply.ttl / 3 : time_point::max();
  if (safe_until(from, reply.ttl) <= time_->now()) {
    give_back(lock.name, lock.token, lock.longest());
    promise.deliver(
      caf::make_error(errc::timeout, "the lock was granted, but its time was over on arrival"));
    return;
  }
  if (!x.lease.empty() && !lease_ids_.contains(x.lease)) {
    kept_lease lease;
    lease.name = x.lease;
    keep(std::move(lease), reply.ttl, from);
  }
  keep(std::move(lock));
  promise.deliver(to_grant(x.key, x.owner, reply));
}

caf::result<bool> lock_client::release(release_request& x) {
  if (x.owner.empty() && !x.force)
    x.owner = own_name();
  // From now on the lock is not renewed, and its user gets no `lock_lost`, whatever the
  // result of the request: the user has finished with the lock. If it cannot be released,
  // it ends with its ttl. The token is added so that a repeat does not end a later grant.
  // It also allows a later release if the server is away for too long.
  lock_name name{x.key, x.owner};
  auto ttl = caf::timespan::max();
  if (auto* kept = kept_as(name, x.token)) {
    x.token = kept->token;
    ttl = kept->longest();
    forget_lock(lock_ids_.at(name));
  }
  auto token = x.token;
  auto undo = [this, name, token, ttl](bool) { give_back(name, token, ttl); };
  return ask<bool, release_reply>(
    std::move(x), name.first,
    [](release_reply& y, bool repeat) -> caf::expected<bool> {
      if (y.status == release_reply::released)
        return true;
      // The request was sent before. It has released the lock, or the end of the session
      // has.
      if (y.status == release_reply::not_holder && repeat)
        return true;
      if (y.status == release_reply::not_held)
        return false;
      acquire_reply refused;
      refused.status = y.status;
      refused.holders = std::move(y.holders);
      return refusal_of(refused);
    },
    token == 0 ? std::function<void(bool)>{} : undo);
}

caf::result<lock_grant> lock_client::renew(renew_request& x) {
  if (x.owner.empty())
    x.owner = own_name();
  lock_name name{x.key, x.owner};
  auto kept = kept_as(name, x.token);
  // Set before the answer, because one of our own renewals may overtake it and must not
  // shorten what it promises.
  if (kept != nullptr) {
    x.token = kept->token;
    if (x.ttl <= caf::timespan::zero())
      x.ttl = kept->ttl;
    kept->ttl = x.ttl;
  }
  auto token = x.token;
  auto sent = time_->now();
  return ask<lock_grant, acquire_reply>(
    std::move(x), name.first,
    [this, name, token, is_kept = kept != nullptr, sent](acquire_reply& y,
                                                         bool) -> caf::expected<lock_grant> {
      // An answer about another grant, for instance an earlier one, does not concern this
      // one.
      if (is_kept && kept_as(name, token) != nullptr)
        on_renewed(lock_ids_.at(name), sent, y);
      if (y.status != acquire_reply::granted)
        return refusal_of(y);
      // The user has been told of the loss, and the lock was given back.
      if (is_kept && kept_as(name, token) == nullptr)
        return caf::make_error(errc::not_holder, "the lock was lost before the answer came");
      return to_grant(name.first, name.second, y);
    });
}

// -- requests that only ask -------------------------------------------------------

namespace {

// An answer that is passed on as the server sent it.
template <class Reply>
caf::expected<Reply> unchanged(Reply& x, bool) {
  return std::move(x);
}

} // namespace

caf::result<bool> lock_client::verify(verify_lock& x) {
  if (x.owner.empty())
    x.owner = own_name();
  check_request request{std::move(x.key), std::move(x.owner)};
  return check(request);
}

caf::result<bool> lock_client::check(check_request& x) {
  auto key = x.key;
  return ask<bool, bool>(std::move(x), std::move(key), unchanged<bool>);
}

caf::result<lock_info> lock_client::inspect(inspect_request& x) {
  auto key = x.key;
  return ask<lock_info, lock_info>(std::move(x), std::move(key), unchanged<lock_info>);
}

caf::result<list_reply> lock_client::list(list_request& x) {
  return ask<list_reply, list_reply>(std::move(x), {}, unchanged<list_reply>);
}

// -- leases -----------------------------------------------------------------------

caf::result<lease_reply> lock_client::create_lease(lease_create_request& x) {
  auto who = asker();
  if (!who)
    return nobody();
  auto sent = time_->now();
  return ask<lease_reply, lease_reply>(
    std::move(x), {}, [this, who, sent](lease_reply& y, bool) -> caf::expected<lease_reply> {
      if (y.status != lease_reply::alive)
        return refusal_of(y);
      kept_lease lease;
      lease.name = y.lease;
      lease.user = who;
      lease.own = true;
      keep(std::move(lease), y.ttl, sent);
      return std::move(y);
    });
}

caf::result<lease_reply> lock_client::renew_lease(lease_renew_request& x) {
  return ask_about_lease(std::move(x));
}

caf::result<lease_reply> lock_client::inspect_lease(lease_inspect_request& x) {
  return ask_about_lease(std::move(x));
}

caf::result<lease_reply> lock_client::end_lease(lease_end_request& x) {
  // The locks of the lease end with it. This user wants that, but other owners are told.
  if (auto i = lease_ids_.find(x.lease); i != lease_ids_.end()) {
    auto who = asker();
    std::vector<id> numbers;
    for (auto& [number, y] : locks_)
      if (y.lease == x.lease && y.user == who)
        numbers.push_back(number);
    auto lease = i->second;
    for (auto number : numbers)
      forget_lock(number);
    if (leases_.contains(lease))
      lose_lease(lease, "the lease was ended");
  }
  return ask_about_lease(std::move(x));
}

template <class Request>
caf::result<lease_reply> lock_client::ask_about_lease(Request x) {
  return ask<lease_reply, lease_reply>(std::move(x), {},
                                       [](lease_reply& y, bool) -> caf::expected<lease_reply> {
                                         if (y.status != lease_reply::alive)
                                           return refusal_of(y);
                                         return std::move(y);
                                       });
}

} // namespace lockserver
