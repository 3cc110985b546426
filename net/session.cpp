#include "net/session.hpp"

#include <spdlog/logger.h>

#include <algorithm>
#include <utility>

namespace lockserver {

session::session(caf::actor_config& cfg, io_thread& host, server_context& context,
                 session_peer& peer)
  : compat::pinned<session_actor::base>(cfg, host),
    context_(context),
    peer_(&peer),
    wake_up_(context.env.time, this) {
}

session::behavior_type session::make_behavior() {
  return {
    [this](deadline_reached) {
      wake_up_.arrived();
      if (peer_ == nullptr)
        return;
      if (pending_) {
        if (context_.env.time.now() >= pending_->answer_due) {
          context_.env.log.warn("no answer in time: key={}", pending_->key);
          refuse_pending(503, "no answer in time");
        } else {
          wake_at(pending_->answer_due);
        }
      }
      if (peer_ != nullptr)
        peer_->on_deadline();
    },
  };
}

void session::on_exit() {
  wake_up_.clear();
}

void session::submit(command x) {
  switch (x.what) {
    case command::verb::lock:
      return lock(x);
    case command::verb::unlock:
      return ask(release_request{std::move(x.key), std::move(x.requester)});
    case command::verb::verify:
      return ask(verify_request{std::move(x.key), std::move(x.requester)});
    case command::verb::check:
      return ask(check_request{std::move(x.key)});
    case command::verb::ping:
      peer_->answer(200, answer_yes, {});
      return;
    case command::verb::shutdown:
      if (!context_.config.allow_shutdown) {
        peer_->answer(200, answer_no, {});
        return;
      }
      peer_->answer(200, answer_yes, {});
      return context_.request_stop();
  }
}

void session::lock(command& x) {
  acquire_request request;
  request.ticket = context_.last_ticket.fetch_add(1, std::memory_order_relaxed) + 1;
  request.ttl = x.lock_timeout.value_or(context_.config.lock_timeout);
  request.wait = x.lock_attempt_timeout.value_or(context_.config.lock_attempt_timeout);
  if (context_.stopping) {
    peer_->answer(200, answer_no, {});
    return;
  }
  auto ticket = request.ticket;
  auto& registry = context_.registry_of(x.key);
  begin({x.key, ticket, request.wait > caf::timespan::zero(),
         context_.env.time.now() + request.wait + context_.config.answer_margin});
  request.key = std::move(x.key);
  request.owner = std::move(x.requester);
  compat::request(this, registry, std::move(request))
    .then([this, ticket](const acquire_reply& reply) { on_lock_reply(ticket, reply); },
          [this, ticket](const caf::error& what) { on_failure(ticket, what); });
}

// All commands but LOCK change nothing that would have to be taken back.
template <class Request>
void session::ask(Request x) {
  auto ticket = context_.last_ticket.fetch_add(1, std::memory_order_relaxed) + 1;
  auto& registry = context_.registry_of(x.key);
  begin({{}, ticket, false, context_.env.time.now() + context_.config.answer_margin});
  compat::request(this, registry, std::move(x))
    .then(
      [this, ticket](bool yes) {
        if (pending_ && pending_->ticket == ticket)
          finish(200, yes ? answer_yes : answer_no);
      },
      [this, ticket](const caf::error& what) { on_failure(ticket, what); });
}

void session::begin(pending x) {
  wake_at(x.answer_due);
  pending_ = std::move(x);
}

void session::on_lock_reply(std::uint64_t ticket, const acquire_reply& x) {
  // Nobody waits for it any more; `withdraw_request` has been sent by then.
  if (!pending_ || pending_->ticket != ticket)
    return;
  auto granted = x.status == acquire_reply::granted;
  grant_ref mine{std::move(pending_->key), ticket};
  if (x.waited > caf::timespan::zero() && peer_->client_is_gone()) {
    pending_.reset();
    if (granted)
      withdraw(std::move(mine));
    return peer_->give_up();
  }
  if (!granted) {
    finish(200, answer_no);
    return;
  }
  std::string line;
  append_expiry(line, x.expires_at);
  auto end = finish(200, line);
  if (in_doubt_.size() >= most_in_doubt_)
    forget_arrived();
  in_doubt_.push_back({std::move(mine), context_.env.time.now(), end});
}

void session::on_failure(std::uint64_t ticket, const caf::error&) {
  // The registry has ended, which it does only when the server stops.
  if (pending_ && pending_->ticket == ticket)
    finish(503, answer_no, "the server stops");
}

session::position session::finish(int status, std::string_view body, std::string_view reason) {
  pending_.reset();
  return peer_->answer(status, body, reason);
}

void session::forget_arrived() {
  auto arrived = peer_->arrived();
  auto now = context_.env.time.now();
  std::erase_if(in_doubt_, [&](const doubtful& x) {
    return x.answer_end <= arrived && now - x.since >= doubt;
  });
  most_in_doubt_ = std::max(min_in_doubt, 2 * in_doubt_.size());
}

void session::withdraw(grant_ref x) {
  auto& registry = context_.registry_of(x.key);
  compat::send(this, registry, withdraw_request{std::move(x.key), x.ticket});
}

void session::refuse_pending(int status, std::string_view reason) {
  if (!pending_->key.empty())
    withdraw({std::move(pending_->key), pending_->ticket});
  finish(status, answer_no, reason);
}

void session::refuse_wait() {
  if (waits())
    refuse_pending(200, {});
}

void session::end_wait() {
  if (waits())
    compat::send(this, context_.registry_of(pending_->key),
                 end_wait_request{pending_->key, pending_->ticket});
}

void session::connection_broke() {
  forget_arrived();
  for (auto& x : in_doubt_)
    withdraw(std::move(x.grant));
  in_doubt_.clear();
}

void session::connection_closed() {
  if (pending_ && !pending_->key.empty())
    withdraw({std::move(pending_->key), pending_->ticket});
  pending_.reset();
  in_doubt_.clear();
  peer_ = nullptr;
  wake_up_.clear();
  // Not `quit`: this is not the actor's own turn.
  compat::anon_send_exit(this);
}

} // namespace lockserver
