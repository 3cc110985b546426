#include "net/session/session.hpp"

#include "actors/compat/hosting.hpp"
#include "actors/lister.hpp"
#include "actors/quoted.hpp"
#include "lockserver/server.hpp"

#include <spdlog/logger.h>

#include <algorithm>
#include <type_traits>
#include <utility>

namespace lockserver {

session::session(caf::actor_config& cfg, io_thread& host, server_context& context,
                 session_peer& peer)
  : compat::pinned<session_actor::base>(cfg, host),
    host_(host),
    context_(context),
    peer_(&peer),
    wake_up_(context.env.time, this) {
}

session::behavior_type session::make_behavior() {
  return guarded(*this, [](session& self, deadline_reached) { self.on_deadline(); });
}

void session::on_deadline() {
  wake_up_.arrived();
  if (peer_ == nullptr)
    return;
  if (pending_) {
    if (host_.turn_time() >= pending_->answer_due) {
      context_.env.log.warn("no answer in time: key={}", quoted{pending_->what.key});
      refuse(refusal_of(errc::no_answer));
    } else {
      wake_at(pending_->answer_due);
    }
  }
  if (peer_ != nullptr)
    peer_->on_deadline();
}

void session::on_exit() {
  wake_up_.clear();
  if (peer_ != nullptr) // its end is not the connection's wish
    peer_->give_up();
}

void session::on_exception() noexcept {
  log_exception(context_.env.log, "session", pending_ ? pending_->what.key : std::string_view{});
  if (peer_ != nullptr)
    peer_->give_up();
}

// -- asking -------------------------------------------------------------------

namespace {

constexpr std::size_t max_kept_text = 64 * 1024;

template <class T, class... Ts>
constexpr bool is_one_of = (std::is_same_v<T, Ts> || ...);

// Whether the answer does not depend on any lock.
template <class Operation>
constexpr bool needs_no_locks(const Operation&) {
  return is_one_of<Operation, server_info_operation, shutdown_operation, known_answer, refusal>;
}

} // namespace

void session::submit(operation&& x, const dialect& how) {
  if (context_.recovering && !std::visit([](auto& what) { return needs_no_locks(what); }, x)) {
    begin(how);
    return refuse(refusal_of(context_.stopping ? errc::stopping : errc::recovering));
  }
  std::visit([&](auto& what) { do_submit(what, how); }, x);
}

session::pending& session::begin(const dialect& how, caf::timespan wait) {
  auto ticket = context_.last_ticket.fetch_add(1, std::memory_order_relaxed) + 1;
  auto due = host_.turn_time() + wait + context_.config.answer_margin;
  wake_at(due);
  return pending_.emplace(ticket, how, due);
}

// What is done when an answer is an error.
auto session::failed(std::uint64_t ticket) {
  return guarded_answer(*this,
                        [this, ticket](const caf::error& what) { on_failure(ticket, what); });
}

// For all that would not have to be taken back.
template <class Reply, class Actor, class Request>
void session::ask(const Actor& whom, Request& x, const dialect& how) {
  auto ticket = begin(how).ticket;
  compat::request(this, whom, std::move(x))
    .then(guarded_answer(*this,
                         [this, ticket](const Reply& reply) {
                           if (is_pending(ticket))
                             finish(reply);
                         }),
          failed(ticket));
}

void session::do_submit(acquire_operation& x, const dialect& how) {
  auto& request = x.request;
  auto& now = begin(how, request.wait);
  request.ticket = now.ticket;
  request.takes_connection = true;
  now.what = {request.key, request.owner};
  now.acquires = true;
  now.may_wait = request.wait > caf::timespan::zero();
  now.lease = x.lease;
  now.hold_connection = x.hold_connection;
  if (context_.stopping) {
    acquire_reply reply;
    reply.status = acquire_reply::stopping;
    finish_acquire(reply);
  } else if (auto rest = context_.grace_left(); rest > 0) {
    refuse(restart_grace(rest));
  } else if (x.hold_connection && !has_room_to_hold()) {
    refuse({errc::too_many, "this connection holds as many locks as it may"});
  } else if (x.lease.empty()) {
    ask_to_acquire(context_.keys->of(request.key), std::move(request));
  } else {
    ask_to_acquire(context_.leases, lease_acquire_request{std::move(x.lease), std::move(request)});
  }
}

template <class Actor, class Request>
void session::ask_to_acquire(const Actor& whom, Request&& x) {
  auto ticket = pending_->ticket;
  compat::request(this, whom, std::forward<Request>(x))
    .then(guarded_answer(*this,
                         [this, ticket](acquire_reply& reply) { on_acquire_reply(ticket, reply); }),
          failed(ticket));
}

void session::do_submit(renew_request& x, const dialect& how) {
  auto& now = begin(how);
  now.what = {x.key, x.owner};
  auto& registry = context_.keys->of(x.key);
  compat::request(this, registry, std::move(x))
    .then(guarded_answer(*this,
                         [this, ticket = now.ticket](const acquire_reply& reply) {
                           if (is_pending(ticket))
                             on_renewed(reply);
                         }),
          failed(now.ticket));
}

void session::on_renewed(const acquire_reply& x) {
  for (auto& mine : held_)
    if (x.status == acquire_reply::granted && mine.what == pending_->what)
      mine.expires_at = end_of(x.ttl);
  finish_acquire(x);
}

void session::do_submit(release_request& x, const dialect& how) {
  auto& now = begin(how);
  now.what = {x.key, x.owner};
  auto all = x.force;
  auto& registry = context_.keys->of(x.key);
  compat::request(this, registry, std::move(x))
    .then(guarded_answer(*this,
                         [this, ticket = now.ticket, all](const release_reply& reply) {
                           if (!is_pending(ticket))
                             return;
                           if (reply.status == release_reply::released)
                             on_released(pending_->what, all);
                           finish(reply);
                         }),
          failed(now.ticket));
}

void session::do_submit(check_request& x, const dialect& how) {
  ask<bool>(context_.keys->of(x.key), x, how);
}

void session::do_submit(inspect_request& x, const dialect& how) {
  ask<lock_info>(context_.keys->of(x.key), x, how);
}

void session::do_submit(list_request& x, const dialect& how) {
  ask<list_reply>(compat::spawn_ready<lister>(*this, context_.keys), x, how);
}

void session::do_submit(lease_create_request& x, const dialect& how) {
  ask<lease_reply>(context_.leases, x, how);
}

void session::do_submit(lease_renew_request& x, const dialect& how) {
  ask<lease_reply>(context_.leases, x, how);
}

void session::do_submit(lease_inspect_request& x, const dialect& how) {
  ask<lease_reply>(context_.leases, x, how);
}

void session::do_submit(lease_end_request& x, const dialect& how) {
  ask<lease_reply>(context_.leases, x, how);
}

void session::do_submit(server_info_operation, const dialect& how) {
  begin(how);
  finish(
    server_info{context_.config, context_.count(), context_.env.time.now() - context_.started_at});
}

void session::do_submit(readiness_operation, const dialect& how) {
  begin(how);
  if (context_.stopping)
    return refuse(refusal_of(errc::stopping));
  if (!context_.env.writable())
    return refuse(store_failed(context_.env.stored.problem()));
  if (auto rest = context_.grace_left(); rest > 0)
    return refuse(restart_grace(rest));
  pending_.reset();
  peer_->answer({200, media_type::json, "{\"status\":\"ready\"}\n"});
}

void session::do_submit(shutdown_operation, const dialect& how) {
  begin(how);
  auto allowed = context_.config.allow_shutdown;
  finish(allowed);
  if (allowed)
    context_.request_stop();
}

void session::do_submit(known_answer& x, const dialect&) {
  peer_->answer(x.content);
}

void session::do_submit(refusal& x, const dialect& how) {
  text_.clear();
  peer_->answer(how.write(x, text_));
}

// -- answering ----------------------------------------------------------------

void session::on_acquire_reply(std::uint64_t ticket, acquire_reply& x) {
  // Nobody waits for it any more; `withdraw_request` has been sent by then.
  if (!is_pending(ticket))
    return;
  auto granted = x.status == acquire_reply::granted;
  if (x.waited > caf::timespan::zero() && peer_->client_is_gone()) {
    auto mine = take_pending_acquisition();
    if (granted)
      withdraw(mine);
    return peer_->give_up();
  }
  if (granted)
    on_granted(x);
  else
    finish_acquire(x);
}

void session::on_granted(acquire_reply& x) {
  if (pending_->hold_connection)
    held_.push_back({pending_->ticket, pending_->what, end_of(x.ttl)});
  text_.clear();
  auto content = pending_->how->write(x, pending_->what, text_);
  auto mine = take_pending_acquisition();
  auto end = peer_->answer(content);
  if (in_doubt_.size() >= most_in_doubt_)
    forget_arrived();
  in_doubt_.push_back({std::move(mine), end});
}

// Whom it asked has ended, which happens only when the server stops; or it could
// not do it.
void session::on_failure(std::uint64_t ticket, const caf::error& what) {
  if (is_pending(ticket))
    refuse(refusal_of(what == caf::sec::runtime_error ? errc::internal : errc::stopping));
}

template <class Reply>
session::position session::finish(const Reply& x) {
  if constexpr (requires { Reply::store_failed; })
    if (x.status == Reply::store_failed)
      return finish(store_failed(context_.env.stored.problem()));
  text_.clear();
  auto content = pending_->how->write(x, text_);
  pending_.reset();
  auto end = peer_->answer(content);
  // A long answer does not cost its memory for as long as its connection lasts.
  if (text_.capacity() > max_kept_text)
    std::string{}.swap(text_);
  return end;
}

session::position session::finish_acquire(const acquire_reply& x) {
  if (x.status == acquire_reply::store_failed)
    return finish(store_failed(context_.env.stored.problem()));
  text_.clear();
  auto content = pending_->how->write(x, pending_->what, text_);
  pending_.reset();
  return peer_->answer(content);
}

// Of an acquire, whatever may still come of it is taken back.
void session::refuse(const refusal& x) {
  auto how = pending_->how;
  if (pending_->acquires)
    withdraw(take_pending_acquisition());
  pending_.reset();
  text_.clear();
  peer_->answer(how->write(x, text_));
}

void session::refuse_wait() {
  if (!waits())
    return;
  auto how = pending_->how;
  auto what = std::move(pending_->what);
  withdraw({what.key, pending_->ticket, !pending_->lease.empty(), pending_->hold_connection});
  pending_.reset();
  acquire_reply reply;
  reply.status = acquire_reply::stopping;
  text_.clear();
  peer_->answer(how->write(reply, what, text_));
}

// When a grant ends that lasts so long from now.
session::time_point session::end_of(caf::timespan ttl) {
  auto now = host_.turn_time();
  return ttl > time_point::max() - now ? time_point::max() : now + ttl;
}

// -- taking back --------------------------------------------------------------

session::acquisition session::take_pending_acquisition() {
  acquisition result{std::move(pending_->what.key), pending_->ticket, !pending_->lease.empty(),
                     pending_->hold_connection};
  pending_.reset();
  return result;
}

// The way that the acquire went, so as to come behind it.
template <class Message>
void session::tell(const acquisition& x, Message message) {
  if (x.by_lease)
    compat::send(this, context_.leases, std::move(message));
  else
    compat::send(this, context_.keys->of(x.key), std::move(message));
}

void session::withdraw(const acquisition& x) {
  tell(x, withdraw_request{x.key, x.ticket,
                           x.hold_connection ? withdrawal::held : withdrawal::undelivered});
}

void session::end_wait() {
  if (!waits())
    return;
  acquisition mine{pending_->what.key, pending_->ticket, !pending_->lease.empty(),
                   pending_->hold_connection};
  tell(mine, withdraw_request{mine.key, mine.ticket, withdrawal::wait_only});
}

void session::forget_before(position arrived) {
  auto end = std::ranges::partition_point(in_doubt_, [arrived](const doubtful& x) {
    return x.answer_end <= arrived;
  });
  in_doubt_.erase(in_doubt_.begin(), end);
}

void session::forget_arrived() {
  forget_before(peer_->arrived());
  most_in_doubt_ = std::max(min_in_doubt, 2 * in_doubt_.size());
}

bool session::has_room_to_hold() {
  if (held_.size() < max_held)
    return true;
  auto now = host_.turn_time();
  std::erase_if(held_, [now](auto& x) { return x.expires_at <= now; });
  return held_.size() < max_held;
}

void session::on_released(const asked& what, bool all) {
  std::erase_if(held_, [&](const held& x) {
    return x.what.key == what.key && (all || x.what.owner == what.owner);
  });
}

void session::connection_broke() {
  if (!in_doubt())
    return;
  forget_before(peer_->may_have_arrived());
  for (auto& x : in_doubt_)
    withdraw(x.grant);
  in_doubt_.clear();
}

void session::connection_closed() {
  peer_ = nullptr;
  wake_up_.clear();
  in_doubt_.clear();
  if (pending_ && pending_->acquires)
    withdraw(take_pending_acquisition());
  pending_.reset();
  for (auto& x : held_)
    withdraw({std::move(x.what.key), x.ticket, false, true});
  held_.clear();
  // Not `quit`: this is not the actor's own turn. CAF allocates to work this off, outside
  // of all guards; if that throws it ends the actor as well, and says so on its output.
  compat::anon_send_exit(this);
}

} // namespace lockserver
