#include "net/session/remote_session.hpp"

#include "actors/caf_answers.hpp"
#include "actors/lister.hpp"
#include "actors/quoted.hpp"
#include "net/session/dialect.hpp"
#include "net/session/releaser.hpp"
#include "net/session/remote_request.hpp"

#include <spdlog/logger.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace lockserver {

namespace {

caf::error bad_request(std::string sentence) {
  return caf::make_error(errc::bad_request, std::move(sentence));
}

caf::error no_grants_for(unsigned seconds) {
  return caf::make_error(errc::restart_grace, restart_grace(seconds).reason);
}

} // namespace

remote_session::remote_session(caf::actor_config& cfg, server_context& context, std::string name)
  : remote_session_actor::base(cfg),
    context_(context),
    client_name_(std::move(name)),
    wake_up_(context.env.time, this),
    last_heard_(context.env.time.now()) {
  // Not only when it runs: the server does not end before it has.
  ++context_.remote_sessions;
}

remote_session_actor::behavior_type remote_session::make_behavior() {
  wake_up_.no_later_than(last_heard_ + context_.config.caf_session_timeout);
  return guarded(
    *this, [](remote_session& self, const session_hello& x) { return self.meet(x); },
    [](remote_session& self, session_acquire& x) { return self.acquire(x); },
    [](remote_session& self, release_request& x) { return self.release(x); },
    [](remote_session& self, renew_request& x) { return self.renew(x); },
    [](remote_session& self, check_request& x) {
      return self.pass_on<bool>(self.context_.keys->of(x.key), x);
    },
    [](remote_session& self, inspect_request& x) {
      return self.pass_on<lock_info>(self.context_.keys->of(x.key), x);
    },
    [](remote_session& self, list_request& x) { return self.list(x); },
    [](remote_session& self, lease_create_request& x) -> caf::result<lease_reply> {
      if (auto rest = self.context_.grace_left(); rest > 0)
        return no_grants_for(rest);
      return self.pass_on<lease_reply>(self.context_.leases, x);
    },
    [](remote_session& self, lease_renew_request& x) {
      return self.pass_on<lease_reply>(self.context_.leases, x);
    },
    [](remote_session& self, lease_inspect_request& x) {
      return self.pass_on<lease_reply>(self.context_.leases, x);
    },
    [](remote_session& self, lease_end_request& x) {
      return self.pass_on<lease_reply>(self.context_.leases, x);
    },
    [](remote_session& self, const withdraw_request& x) {
      self.withdraw(x);
      return true;
    },
    [](remote_session& self, keep_alive) {
      self.heard();
      return true;
    },
    // The server stops: what does not hang on a connection goes on, for as long as
    // it lasts, and may be kept by a store.
    [](remote_session& self, shut_down) { self.end("is told to connect again"); },
    [](remote_session& self, deadline_reached) { self.look_whether_gone(); });
}

void remote_session::look_whether_gone() {
  wake_up_.arrived();
  auto due = last_heard_ + context_.config.caf_session_timeout;
  if (context_.env.time.now() < due)
    return wake_up_.no_later_than(due);
  give_back_all(hold_mode::session);
  end("has been silent for too long");
}

// The client asks again, or is silent from now on; then it is noticed in time.
void remote_session::on_exception() noexcept {
  log_exception(context_.env.log, "remote session");
  try {
    wake_up_.no_later_than(last_heard_ + context_.config.caf_session_timeout);
  } catch (...) { // its next message tries it again
  }
}

void remote_session::on_exit() {
  wake_up_.clear();
  drop_waits();
  give_back_all(hold_mode::connection);
  held_.clear();
  client_ = nullptr;
  if (--context_.remote_sessions == 0)
    context_.on_last_connection_closed();
}

// -- the client -----------------------------------------------------------------

void remote_session::heard() {
  last_heard_ = context_.env.time.now();
}

// It has no answer any more to what it asked before, and asks again.
session_welcome remote_session::meet(const session_hello& x) {
  heard();
  drop_waits();
  auto client = caf::actor_cast<caf::actor>(current_sender());
  if (client_ == nullptr || client_.address() != client.address()) {
    client_ = std::move(client);
    compat::on_down(this, client_, [this](const caf::actor_addr& gone, const caf::error& why) {
      on_client_down(gone, why);
    });
  }
  context_.env.log.info("CAF client connected: client={} locks={}", quoted{client_name_},
                        held_.size());
  return {caf::actor_cast<caf::strong_actor_ptr>(this), context_.config.caf_session_timeout,
          std::min(x.protocol, session_hello::newest_protocol)};
}

void remote_session::on_client_down(const caf::actor_addr& gone, const caf::error& why) {
  if (client_ == nullptr || client_.address() != gone)
    return; // it has come back by another way
  if (compat::is_unreachable(why))
    return on_connection_lost();
  give_back_all(hold_mode::session);
  end("has ended");
}

// To the client the connection may still stand: it counts on what hangs on the
// session until it has had no answer for too long.
void remote_session::on_connection_lost() {
  client_ = nullptr;
  drop_waits();
  give_back_all(hold_mode::connection);
  forget_expired();
  if (held_.empty())
    return end("is gone");
  context_.env.log.info("CAF client has lost its connection: client={} locks={}",
                        quoted{client_name_}, held_.size());
}

// -- requests -----------------------------------------------------------------

caf::result<acquire_reply> remote_session::acquire(session_acquire& x) {
  heard();
  auto& request = x.request;
  if (auto wrong = check(request, context_.config); !wrong.empty())
    return bad_request(std::move(wrong));
  acquire_reply refused;
  refused.status = acquire_reply::stopping;
  if (context_.stopping)
    return refused;
  if (auto rest = context_.grace_left(); rest > 0)
    return no_grants_for(rest);
  if (pending_.size() >= max_pending)
    return caf::make_error(errc::too_many,
                           "this client has " + std::to_string(max_pending)
                             + " acquires under way, which is the most: use several clients");
  if (pending_.contains(x.ticket))
    return bad_request("ticket is in use: each request needs one of its own");
  auto ticket = context_.last_ticket.fetch_add(1, std::memory_order_relaxed) + 1;
  auto promise = make_response_promise<acquire_reply>();
  auto by_lease = !request.lease.empty();
  auto hold = by_lease ? hold_mode::ttl : request.hold;
  auto i
    = pending_
        .try_emplace(
          x.ticket,
          pending{{request.key, ticket, by_lease}, request.owner, hold, promise})
        .first;
  if (by_lease) {
    auto lease = std::move(request.lease);
    ask_to_acquire(context_.leases, x.ticket,
                   lease_acquire_request{std::move(lease),
                                         to_acquire_request(std::move(request), ticket)});
  } else {
    ask_to_acquire(context_.keys->of(i->second.what.key), x.ticket,
                   to_acquire_request(std::move(request), ticket));
  }
  return promise;
}

template <class Actor, class Request>
void remote_session::ask_to_acquire(const Actor& whom, std::uint64_t client_ticket, Request&& x) {
  compat::request(this, whom, std::forward<Request>(x))
    .then(guarded_answer(*this,
                         [this, client_ticket](acquire_reply& reply) {
                           finish(client_ticket, reply);
                         }),
          [this, client_ticket](const caf::error& why) { fail(client_ticket, why); });
}

// Whom it asked has ended, as when the server stops, or has failed; then the lock may
// be held or waited for.
void remote_session::fail(std::uint64_t client_ticket, const caf::error& why) {
  auto i = pending_.find(client_ticket);
  if (i == pending_.end())
    return;
  take_back(i->second.what);
  acquire_reply reply;
  reply.status = why == caf::sec::runtime_error ? errc::internal : acquire_reply::stopping;
  finish(client_ticket, reply);
}

void remote_session::finish(std::uint64_t client_ticket, acquire_reply& x) {
  auto i = pending_.find(client_ticket);
  if (i == pending_.end())
    return; // withdrawn meanwhile
  auto mine = std::move(i->second);
  pending_.erase(i);
  if (x.status == acquire_reply::granted)
    hold({std::move(mine.what.key), std::move(mine.owner)},
         {client_ticket, x.token, mine.hold, end_of(x.ttl)});
  mine.promise.deliver(std::move(x));
}

template <class Reply, class Actor, class Request>
caf::result<Reply> remote_session::pass_on(const Actor& whom, Request& x) {
  heard();
  if (auto wrong = check(x, context_.config); !wrong.empty())
    return bad_request(std::move(wrong));
  return compat::delegate(this, whom, std::move(x));
}

caf::result<release_reply> remote_session::release(release_request& x) {
  // What the answer will be does not matter: a lock that is not held by that
  // token is not one that this session would have to give back, and one that cannot
  // be released now ends with its ttl.
  if (auto i = held_.find({x.key, x.owner}); i != held_.end() && !x.force)
    if (x.token == 0 || x.token == i->second.token)
      held_.erase(i);
  auto& registry = context_.keys->of(x.key);
  return pass_on<release_reply>(registry, x);
}

caf::result<acquire_reply> remote_session::renew(renew_request& x) {
  if (auto i = held_.find({x.key, x.owner}); i != held_.end()) {
    auto ttl = x.ttl == caf::timespan::zero() ? caf::timespan{context_.config.lock_timeout} : x.ttl;
    auto most = caf::timespan{context_.config.max_lock_timeout};
    i->second.expires_at = std::max(i->second.expires_at, end_of(std::min(ttl, most)));
  }
  auto& registry = context_.keys->of(x.key);
  return pass_on<acquire_reply>(registry, x);
}

caf::result<list_reply> remote_session::list(list_request& x) {
  heard();
  if (auto wrong = check(x, context_.config); !wrong.empty())
    return bad_request(std::move(wrong));
  return compat::delegate(this, compat::spawn_ready<lister>(*this, context_.keys), std::move(x));
}

// -- taking back --------------------------------------------------------------

void remote_session::withdraw(const withdraw_request& x) {
  heard();
  if (auto i = pending_.find(x.ticket); i != pending_.end()) {
    auto gone = std::move(i->second);
    pending_.erase(i);
    take_back(gone.what);
    acquire_reply reply;
    reply.status = acquire_reply::wait_timeout;
    gone.promise.deliver(std::move(reply)); // so that the promise is kept
    return;
  }
  // Its answer and this have crossed, or the answer was lost with a connection.
  auto i = std::find_if(held_.lower_bound({x.key, {}}), held_.end(), [&](const auto& y) {
    return y.first.first != x.key || y.second.client_ticket == x.ticket;
  });
  if (i == held_.end() || i->first.first != x.key)
    return;
  compat::anon_send(context_.keys->of(x.key), release_of(i->first, i->second));
  held_.erase(i);
}

// The way the acquire went, so as to come behind it.
void remote_session::take_back(const acquisition& x) {
  withdraw_request message{x.key, x.ticket};
  if (x.by_lease)
    compat::send(this, context_.leases, std::move(message));
  else
    compat::send(this, context_.keys->of(x.key), std::move(message));
}

void remote_session::drop_waits() {
  for (auto& [ticket, x] : std::exchange(pending_, {})) {
    take_back(x.what);
    acquire_reply reply;
    reply.status = acquire_reply::stopping;
    x.promise.deliver(std::move(reply));
  }
}

// By its token: the client knew of it, and may have renewed it.
release_request remote_session::release_of(const held_name& name, const held& x) {
  return {name.first, name.second, x.token};
}

// What ends with `hold`, which is hold_session or hold_connection, of which the
// former's end is also the latter's.
void remote_session::give_back_all(hold_mode hold) {
  std::vector<release_request> all;
  std::erase_if(held_, [&](const auto& x) {
    auto ends = x.second.hold == hold || x.second.hold == hold_mode::connection;
    if (ends)
      all.push_back(release_of(x.first, x.second));
    return ends;
  });
  if (!all.empty())
    home_system().spawn<releaser>(context_, std::move(all));
}

void remote_session::hold(held_name name, const held& x) {
  if (held_.size() >= most_held_) {
    forget_expired();
    most_held_ = std::max<std::size_t>(64, 2 * held_.size());
  }
  held_.insert_or_assign(std::move(name), x);
}

void remote_session::forget_expired() {
  auto now = context_.env.time.now();
  std::erase_if(held_, [now](const auto& y) { return y.second.expires_at <= now; });
}

timers::time_point remote_session::end_of(caf::timespan ttl) const {
  auto now = context_.env.time.now();
  // The most there is: no end of its own.
  return ttl > timers::time_point::max() - now ? timers::time_point::max() : now + ttl;
}

void remote_session::end(const char* why) {
  context_.env.log.info("CAF client {}: client={} waits={} locks={}", why, quoted{client_name_},
                        pending_.size(), held_.size());
  quit();
}

} // namespace lockserver
