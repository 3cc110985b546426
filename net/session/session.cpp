#include "net/session/session.hpp"

#include "actors/compat/hosting.hpp"
#include "actors/quoted.hpp"
#include "net/session/ways.hpp"

#include <spdlog/logger.h>

#include <utility>

namespace lockserver {

session::session(caf::actor_config& cfg, io_thread& host, server_context& context,
                 session_peer& peer, bool surplus)
  : compat::pinned<session_actor::base>(cfg, host),
    host_(host),
    context_(context),
    peer_(&peer),
    access_(context.access),
    surplus_(surplus),
    wake_up_(context.time, this) {
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
      context_.log.warn("no answer in time: key={}", quoted{what().key});
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
  if (peer_ != nullptr) // the connection did not ask for this end
    peer_->give_up();
}

void session::on_exception() noexcept {
  log_exception(context_.log, "session", pending_ ? what().key : std::string_view{});
  if (peer_ != nullptr)
    peer_->give_up();
}

// -- asking -------------------------------------------------------------------

namespace {

constexpr std::size_t max_kept_text = 64 * 1024;

// As in the log: the whole name is all that is needed to use a lease.
std::string log_name_of_lease(std::string_view name) {
  return "the lease " + std::string{name.substr(0, 8)} + "...";
}

} // namespace

void session::submit(session_request&& x, const dialect& how, const arrival& from) {
  std::visit([&](auto& what) { check(what, how, from); }, x);
}

template <class Request>
void session::check(Request& x, const dialect& how, const arrival& from) {
  client_state mine{surplus_}; // nothing is under way, or it is about to end
  auto wanted = wish_of(x, mine);
  auto may = access_.pass(from, access_wish_of(x), host_.turn_time());
  auto* known = std::get_if<const principal*>(&may);
  if (known != nullptr)
    identify(x, (**known).identity());
  if constexpr (std::is_same_v<Request, lock_wish>)
    begin(key_of(x), owner_of(x), how, x.request.wait);
  else
    begin(key_of(x), owner_of(x), how, {});
  if (known == nullptr)
    return refuse(std::move(std::get<denial>(may)));
  pending_->who = *known;
  auto no = lockserver::refuse(wanted, context_.state(), mine, most, host_.turn_time());
  if (!no && is_operators(x) && !audit_act(operation_of(x)))
    no = refusal_of(errc::audit_failed);
  if (!no)
    return ask(x);
  // In every dialect, a lock that is not obtained is not an error of the server.
  if (wanted.needs == need::grant && no->code == errc::stopping)
    refuse_acquire(errc::stopping);
  else
    refuse(std::move(*no));
}

// Whether it acts on what others have.
template <class Request>
bool session::is_operators(const Request& x) const {
  if constexpr (std::is_same_v<Request, shutdown_request>)
    return context_.config.allow_shutdown;
  else
    return operation_of(x) == operation::force_release;
}

template <class Request>
wish session::wish_of(const Request& x, client_state& mine) {
  wish result{need_of(x)};
  if constexpr (std::is_same_v<Request, lock_wish>)
    if (x.hold != hold_mode::ttl) {
      result.binds = true;
      mine.bound = holdings_.bound(host_.turn_time(), most.bound);
    }
  return result;
}

void session::begin(std::string_view key, std::string_view owner, const dialect& how,
                    duration wait) {
  auto due = host_.turn_time() + wait + context_.config.answer_margin;
  wake_at(due);
  pending_.emplace(
    pending{context_.next_ticket(), &how, due, std::string{key}, std::string{owner}});
}

// The handler for an error in place of an answer.
auto session::failed(ticket_id ticket) {
  return guarded_answer(*this,
                        [this, ticket](const caf::error& what) { on_failure(ticket, what); });
}

void session::ask(lease_end_request& x) {
  auto ticket = pending_->ticket;
  auto by_force = [this, ticket, name = std::string{parts_of(x.lease).owner}] {
    if (!is_pending(ticket) || lockserver::refuse(*pending_->who, {operation::lease_force_end}))
      return errc::forbidden;
    return audit_act(operation::lease_force_end, log_name_of_lease(name)) ? errc::ok
                                                                          : errc::audit_failed;
  };
  auto on_reply = [this, ticket](lease_reply& answered) {
    if (is_pending(ticket))
      finish(answered);
  };
  auto on_error = [this, ticket](const caf::error& what) { on_failure(ticket, what); };
  end_lease(*this, context_, x, std::move(by_force), std::move(on_reply), std::move(on_error));
}

// For requests that need not be taken back.
template <class Request>
void session::ask(Request& x) {
  using reply_type = reply_to<Request>;
  if constexpr (std::is_same_v<Request, renew_request>)
    holdings_.renewing(x.key, x.owner, x.token, end_of(pending_->answer_due, x.ttl));
  auto all = false;
  if constexpr (std::is_same_v<Request, release_request>)
    all = x.force;
  auto&& whom = receiver_of(*this, context_, *pending_->who, x);
  compat::request(this, whom, std::move(x))
    .then(guarded_answer(*this,
                         [this, ticket = pending_->ticket, all](reply_type& answered) {
                           if (!is_pending(ticket))
                             return;
                           if constexpr (std::is_same_v<reply_type, release_reply>) {
                             if (answered.status == release_reply::released && all)
                               holdings_.released_all(pending_->key);
                             else if (answered.status == release_reply::released)
                               holdings_.released(pending_->key, pending_->owner);
                           }
                           finish(answered);
                         }),
          failed(pending_->ticket));
}

void session::ask(lock_wish& x) {
  auto ticket = pending_->ticket;
  x.request.takes_connection = true;
  if (x.request.wait > duration::zero()) {
    if (!take_place())
      return refuse(too_many(context_.access.waiters().most(),
                             " requests that wait, which is the limit of an identity"));
    pending_->may_wait = true;
  }
  auto& mine = holdings_.begin(ticket, {std::move(pending_->key), std::move(pending_->owner),
                                        ticket, std::move(x.lease), x.hold});
  pending_->acquires = true;
  ask_to_acquire(*this, context_, mine, std::move(x.request))
    .then(guarded_answer(*this, [this, ticket](
                                  acquire_reply& answered) { on_acquire_reply(ticket, answered); }),
          failed(ticket));
}

// Returns false if as many requests of the identity wait as may.
bool session::take_place() {
  auto& counts = context_.access.waiters();
  if (!counts.is_limited() || pending_->who->is_anonymous())
    return true;
  auto place = std::make_unique<identity_counts::ticket>();
  if (!counts.add(pending_->who->name(), *place))
    return false;
  pending_->place = std::move(place);
  return true;
}

void session::ask(server_info_request&) {
  answer(server_info{context_.config, context_.count(), context_.time.now() - context_.started_at,
                     pending_->who->may(right::admin)});
}

void session::ask(access_request&) {
  answer(access_info{*pending_->who});
}

void session::ask(readiness_request&) {
  if (!context_.stopping && !context_.locks.writable())
    return refuse(store_failed(context_.locks.stored.problem()));
  if (auto no = refuse_grants(context_.state(), host_.turn_time()))
    return refuse(std::move(*no));
  answer(ready{});
}

void session::ask(shutdown_request&) {
  auto allowed = context_.config.allow_shutdown;
  answer(allowed);
  if (allowed)
    context_.request_stop();
}

// -- answering ----------------------------------------------------------------

void session::on_acquire_reply(ticket_id ticket, acquire_reply& x) {
  // Nobody waits for the answer any more, and `withdraw_request` has been sent.
  if (!is_pending(ticket))
    return;
  if (x.waited > duration::zero() && peer_->client_is_gone())
    return peer_->give_up(); // the connection takes back what is under way
  if (x.status == acquire_reply::granted)
    on_granted(x);
  else
    finish(x);
}

void session::on_granted(acquire_reply& x) {
  auto ticket = pending_->ticket;
  auto now = host_.turn_time();
  // Others may repeat the request. Then the grant ends only when they are gone, too.
  if (holdings_.find(ticket)->ends_with != hold_mode::ttl)
    holdings_.keep(ticket, x.token, now, end_of(now, x.ttl), false);
  if (holdings_.doubts_too_much())
    holdings_.arrived(peer_->arrived());
  answer(std::move(x), true);
}

// The actor that was asked has ended, which happens only when the server stops, or it has
// failed.
void session::on_failure(ticket_id ticket, const caf::error& what) {
  if (!is_pending(ticket))
    return;
  if (what == errc::store_failed)
    return refuse(store_failed(context_.locks.stored.problem()));
  refuse(refusal_of(what == caf::sec::runtime_error ? errc::internal : errc::stopping));
}

asked session::what() const {
  auto* mine = pending_->acquires ? holdings_.find(pending_->ticket) : nullptr;
  auto& key = mine != nullptr ? mine->key : pending_->key;
  return {key, parts_of(mine != nullptr ? mine->owner : pending_->owner).owner};
}

template <class Reply>
void session::finish(Reply& x) {
  // The client may have lost a right since it took the locks.
  if constexpr (std::is_same_v<Reply, lease_reply>)
    std::erase_if(x.locks,
                  [this](auto& lock) { return !pending_->who->may(right::read, lock.key); });
  if constexpr (requires { Reply::forbidden; })
    if (x.status == Reply::forbidden)
      audit({{}, audit_event::refused, pending_->who->identity()}, x.status,
            "it belongs to another identity");
  if constexpr (requires { Reply::store_failed; })
    if (x.status == Reply::store_failed)
      return answer(store_failed(context_.locks.stored.problem()));
  answer(std::move(x));
}

// Ends the operation under way. The next may begin before `session_peer::answer` returns.
void session::answer(const session_reply& x, bool granted) {
  auto ticket = pending_->ticket;
  auto acquires = pending_->acquires;
  text_.clear();
  auto content = pending_->how->write(x, what(), text_);
  pending_.reset();
  if (acquires && !granted)
    holdings_.end(ticket);
  auto end = peer_->answer(content);
  if (granted)
    holdings_.answered(ticket, end);
  // Frees the memory of a long answer, because a connection may last long.
  if (text_.capacity() > max_kept_text)
    std::string{}.swap(text_);
}

void session::refuse(denial&& x) {
  if (x.why != errc::too_many) // whoever sends too much would fill the disk, too
    audit({{}, audit_event::refused, x.identity}, x.why, x.sentence);
  refuse(refusal_of(std::move(x)));
}

void session::refuse(refusal&& x) {
  take_back();
  answer(std::move(x));
}

void session::refuse_acquire(errc why) {
  take_back();
  acquire_reply no;
  no.status = why;
  answer(std::move(no));
}

void session::refuse_wait() {
  if (waits())
    refuse_acquire(errc::stopping);
}

void session::access_changed(bool is_trusted) {
  if (!waits())
    return;
  if (!is_trusted)
    return refuse(unauthenticated(std::string{certificate_not_trusted}));
  auto [key, owner] = what();
  auto may = access_.again(*pending_->who, {operation::acquire, key, owner});
  if (auto* known = std::get_if<const principal*>(&may)) {
    pending_->who = *known;
    return;
  }
  refuse(std::move(std::get<denial>(may)));
}

// -- the audit log ------------------------------------------------------------

// An operator's act is written before it is done. Returns whether it may be done.
bool session::audit_act(operation x, std::string_view reason) {
  auto event = x == operation::shutdown          ? audit_event::shutdown
               : x == operation::lease_force_end ? audit_event::lease_ended
                                                 : audit_event::force;
  return audit({{}, event, pending_->who->identity()}, errc::ok, reason)
         || !context_.audit.is_required();
}

// @param x has the event and the identity.
bool session::audit(audit_entry x, errc outcome, std::string_view reason) {
  if (!context_.audit.takes(x.event))
    return true;
  auto [key, owner] = what();
  auto address = peer_->address();
  x.time = context_.time.wall_now();
  x.address = address;
  x.key = key;
  x.owner = owner;
  x.outcome = row_of(outcome).name;
  x.reason = reason;
  return context_.audit.write(x);
}

// -- taking back --------------------------------------------------------------

// Takes back everything that an acquire under way may still lead to.
void session::take_back() {
  if (!std::exchange(pending_->acquires, false))
    return;
  withdraw(*this, context_, holdings_.take_wait(pending_->ticket));
}

void session::end_wait() {
  if (waits())
    withdraw(*this, context_, *holdings_.find(pending_->ticket), withdrawal::wait_only);
}

void session::connection_broke() {
  if (in_doubt())
    for (auto& x : holdings_.take_undelivered(peer_->may_have_arrived()))
      withdraw(*this, context_, x);
}

void session::connection_closed() {
  peer_ = nullptr;
  wake_up_.clear();
  pending_.reset();
  for (auto& x : holdings_.take_waits(hold_mode::connection))
    withdraw(*this, context_, x);
  for (auto& x : holdings_.take_holds(hold_mode::connection))
    compat::send(this, context_.keys->of(x.key),
                 withdraw_request{x.key, x.ticket, withdrawal::held});
  // Not `quit`, because this is not the actor's own turn. CAF allocates memory to handle
  // this message, outside of all guards. If that throws, CAF ends the actor as well, and
  // reports it on its output.
  compat::anon_send_exit(this);
}

} // namespace lockserver
