#include "net/session/remote_session.hpp"

#include "actors/caf_answers.hpp"
#include "actors/quoted.hpp"
#include "net/session/releaser.hpp"
#include "net/session/remote_request.hpp"
#include "net/session/ways.hpp"

#include <spdlog/logger.h>

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace lockserver {

namespace {

caf::error bad_request(std::string sentence) {
  return caf::make_error(errc::bad_request, std::move(sentence));
}

caf::error error_of(const refusal& x) {
  return caf::make_error(x.code, x.reason);
}

// Delivers the status as the answer, also if nobody waits for it any more.
void deliver(caf::typed_response_promise<acquire_reply> to, errc status) {
  acquire_reply x;
  x.status = status;
  to.deliver(std::move(x));
}

// Delivers an error in place of an answer.
template <class Reply>
auto failure(caf::typed_response_promise<Reply> to) {
  return [to](const caf::error& why) {
    auto asker = to;
    asker.deliver(why);
  };
}

// By the token, because the client knew of the grant and may have renewed it.
release_request release_of(const hold& x) {
  return {x.key, x.owner, x.token};
}

// Overdue acquires are found by looking at all of them, so this limits how often.
constexpr auto look_interval = std::chrono::milliseconds{100};

// A request that waits is refused so long after its client has lost the right.
constexpr auto access_interval = std::chrono::seconds{1};

} // namespace

remote_session::remote_session(caf::actor_config& cfg, server_context& context, std::string name)
  : remote_session_actor::base(cfg),
    context_(context),
    rules_(context.access.now()),
    client_name_(std::move(name)),
    wake_up_(context.time, this),
    last_heard_(context.time.now()) {
  // Counted before the actor runs, because the server waits for the end of all sessions.
  ++context_.remote_sessions;
}

remote_session_actor::behavior_type remote_session::make_behavior() {
  wake_up_.no_later_than(last_heard_ + context_.config.caf_session_timeout);
  return guarded(
    *this, [](remote_session& self, const session_hello& x) { return self.meet(x); },
    [](remote_session& self, session_acquire& x) { return self.acquire(x); },
    [](remote_session& self, release_request& x) { return self.release(x); },
    [](remote_session& self, renew_request& x) { return self.renew(x); },
    [](remote_session& self, check_request& x) { return self.pass_on(x); },
    [](remote_session& self, inspect_request& x) { return self.pass_on(x); },
    [](remote_session& self, list_request& x) { return self.pass_on(x); },
    [](remote_session& self, lease_create_request& x) { return self.pass_on(x); },
    [](remote_session& self, lease_renew_request& x) { return self.pass_on(x); },
    [](remote_session& self, lease_inspect_request& x) { return self.pass_on(x); },
    [](remote_session& self, lease_end_request& x) { return self.end_lease(x); },
    [](remote_session& self, const withdraw_request& x) {
      self.withdraw(x);
      return true;
    },
    [](remote_session& self, keep_alive) {
      self.heard();
      return true;
    },
    // The server stops. Locks that do not end with the connection go on until they
    // expire, and a store may keep them.
    [](remote_session& self, shut_down) {
      self.end("is told to connect again", hold_mode::connection);
    },
    [](remote_session& self, deadline_reached) { self.on_deadline(); });
}

void remote_session::on_deadline() {
  wake_up_.arrived();
  if (is_silent())
    return;
  for (auto number : holdings_.overdue(context_.time.now())) {
    context_.log.warn("no answer in time: key={}", quoted{holdings_.find(number)->key});
    give_up(number).deliver(error_of(refusal_of(errc::no_answer)));
  }
  refresh_rules();
  set_alarm();
}

// Takes the server's access rules, and refuses the waits that are not allowed any more.
void remote_session::refresh_rules() {
  if (rules_->generation() == context_.access.generation())
    return;
  rules_ = context_.access.now();
  for (auto number : holdings_.overdue(time_point::max()))
    if (!rules_->caf().may(right::acquire, holdings_.find(number)->key))
      give_up(number).deliver(error_of(refusal_of(errc::forbidden)));
}

bool remote_session::is_silent() {
  if (context_.time.now() < last_heard_ + context_.config.caf_session_timeout)
    return false;
  end("has been silent for too long", hold_mode::session);
  return true;
}

void remote_session::set_alarm() {
  wake_up_.no_later_than(last_heard_ + context_.config.caf_session_timeout);
  if (holdings_.under_way() > 0 && !rules_->is_open())
    wake_up_.no_later_than(context_.time.now() + access_interval);
  if (holdings_.under_way() > 0)
    wake_up_.no_later_than(std::max(holdings_.next_due(), context_.time.now() + look_interval));
}

// The client will ask again. If it stays silent, the session timeout notices that.
void remote_session::on_exception() noexcept {
  log_exception(context_.log, "remote session");
  try {
    set_alarm();
  } catch (...) { // its next message tries it again
  }
}

void remote_session::on_exit() {
  wake_up_.clear();
  drop_waits(hold_mode::connection);
  give_back(hold_mode::connection);
  holdings_ = {};
  client_ = nullptr;
  if (--context_.remote_sessions == 0)
    context_.on_last_connection_closed();
}

// -- the client -----------------------------------------------------------------

void remote_session::heard() {
  last_heard_ = context_.time.now();
}

// The client gets no answer any more to what it asked before, and will ask again.
session_welcome remote_session::meet(const session_hello& x) {
  heard();
  drop_waits(hold_mode::connection);
  auto client = caf::actor_cast<caf::actor>(current_sender());
  if (client_ == nullptr || client_.address() != client.address()) {
    client_ = std::move(client);
    compat::on_down(this, client_, [this](const caf::actor_addr& gone, const caf::error& why) {
      on_client_down(gone, why);
    });
  }
  context_.log.info("CAF client connected: client={} locks={}", quoted{client_name_},
                    holdings_.held());
  return {caf::actor_cast<caf::strong_actor_ptr>(this), context_.config.caf_session_timeout,
          std::min(x.protocol, session_hello::newest_protocol)};
}

void remote_session::on_client_down(const caf::actor_addr& gone, const caf::error& why) {
  if (client_ == nullptr || client_.address() != gone)
    return; // it has reconnected
  if (compat::is_unreachable(why))
    return on_connection_lost();
  end("has ended", hold_mode::session);
}

// For the client the connection may still be open. It relies on the session's locks until
// it has had no answer for too long.
void remote_session::on_connection_lost() {
  client_ = nullptr;
  drop_waits(hold_mode::connection);
  give_back(hold_mode::connection);
  holdings_.forget_expired(context_.time.now());
  if (holdings_.held() == 0)
    return end("is gone", hold_mode::connection);
  context_.log.info("CAF client has lost its connection: client={} locks={}", quoted{client_name_},
                    holdings_.held());
}

// -- requests -----------------------------------------------------------------

template <class Request>
bool remote_session::audit(audit_event event, const Request& x, errc outcome,
                           std::string_view reason) {
  audit_entry entry{context_.time.wall_now(), event, rules_->is_open() ? "" : caf_name};
  entry.key = key_of(x);
  entry.owner = owner_of(x);
  entry.outcome = row_of(outcome).name;
  entry.reason = reason;
  return context_.audit.write(entry);
}

// All CAF programs are one identity: their network cannot tell one from another.
template <class Request>
std::optional<refusal> remote_session::refuse_access(const Request& x) {
  refresh_rules();
  if (rules_->is_open())
    return std::nullopt;
  static const client_network from{boost::asio::ip::address{}};
  auto may = context_.access.gate().pass_as(rules_->caf(), from, access_wish_of(x),
                                            context_.time.now());
  auto* no = std::get_if<denial>(&may);
  if (no == nullptr)
    return std::nullopt;
  if (no->why != errc::too_many) // as over HTTP
    audit(audit_event::refused, x, no->why, no->sentence);
  return refusal_of(std::move(*no));
}

// The answer as its client knows it: owners without identities, and no keys that it may not
// read any more.
template <class Reply>
void remote_session::cut(Reply& x) const {
  auto bare = [](auto& all) {
    for (auto& one : all)
      one.owner = std::string{parts_of(one.owner).owner};
  };
  if constexpr (requires { x.holders; })
    bare(x.holders);
  if constexpr (requires { x.queue; })
    bare(x.queue);
  if constexpr (std::is_same_v<Reply, list_reply>)
    for (auto& one : x.locks)
      bare(one.holders);
  if constexpr (std::is_same_v<Reply, lease_reply>)
    std::erase_if(x.locks,
                  [this](auto& lock) { return !rules_->caf().may(right::read, lock.key); });
}

// Why the request is not allowed; no error if it is. Then it has the client's identity.
template <class Request>
caf::error remote_session::refuse(Request& x, need needs, hold_mode hold) {
  heard();
  if (auto wrong = check(x, context_.config); !wrong.empty())
    return bad_request(std::move(wrong));
  if (auto no = refuse_access(x))
    return error_of(*no);
  identify(x, rules_->is_open() ? std::string_view{} : caf_name);
  auto now = context_.time.now();
  client_state mine{false, holdings_.under_way(), holdings_.bound(now, most.bound)};
  wish wanted{needs, hold != hold_mode::ttl};
  auto no = lockserver::refuse(wanted, context_.state(), mine, most, now);
  return no ? error_of(*no) : caf::error{};
}

caf::result<acquire_reply> remote_session::acquire(session_acquire& x) {
  auto number = x.ticket;
  auto hold = x.request.lease.empty() ? x.request.hold : hold_mode::ttl;
  if (auto no = refuse(x.request, need::grant, hold))
    return no;
  if (holdings_.find(number) != nullptr)
    return bad_request("ticket is in use: each request needs one of its own");
  auto due = context_.time.now() + x.request.wait + context_.config.answer_margin;
  wake_up_.no_later_than(due);
  if (!rules_->is_open())
    wake_up_.no_later_than(context_.time.now() + access_interval);
  auto wanted = to_acquire_request(x.request);
  auto answer = make_response_promise<acquire_reply>();
  promises_.insert_or_assign(number, answer);
  auto& mine = holdings_.begin(number,
                               {std::move(x.request.key), wanted.owner, context_.next_ticket(),
                                std::move(x.request.lease), hold, due});
  ask_to_acquire(*this, context_, mine, std::move(wanted))
    .then(guarded_answer(*this, [this, number](acquire_reply& reply) { finish(number, reply); }),
          guarded_answer(*this, [this, number](const caf::error& why) { fail(number, why); }));
  return answer;
}

// The actor that was asked has ended, as when the server stops, or has failed. The lock
// may be held or waited for.
void remote_session::fail(std::uint64_t number, const caf::error& why) {
  if (holdings_.find(number) != nullptr)
    deliver(give_up(number), why == caf::sec::runtime_error ? errc::internal : errc::stopping);
}

void remote_session::finish(std::uint64_t number, acquire_reply& x) {
  if (holdings_.find(number) == nullptr)
    return; // withdrawn meanwhile
  // Only this client repeats a request in this session, so the last ticket replaces the
  // others.
  auto now = context_.time.now();
  if (x.status == acquire_reply::granted)
    holdings_.keep(number, x.token, now, end_of(now, x.ttl), true);
  holdings_.end(number);
  cut(x);
  promises_.extract(number).mapped().deliver(std::move(x));
}

template <class Request>
caf::result<reply_to<Request>> remote_session::pass_on(Request& x) {
  if (auto no = refuse(x, need_of(x)))
    return no;
  return ask(x);
}

// Delivers an answer as its client knows it.
template <class Reply>
auto remote_session::delivery(caf::typed_response_promise<Reply> to) const {
  return [this, to](Reply& reply) {
    cut(reply);
    auto asker = to;
    asker.deliver(std::move(reply));
  };
}

caf::result<lease_reply> remote_session::end_lease(lease_end_request& x) {
  if (auto no = refuse(x, need_of(x)))
    return no;
  auto answer = make_response_promise<lease_reply>();
  auto by_force = [this, x] {
    if (lockserver::refuse(rules_->caf(), {operation::lease_force_end}))
      return errc::forbidden;
    auto written = audit(audit_event::lease_ended, x, errc::ok, {});
    return written || !context_.audit.is_required() ? errc::ok : errc::audit_failed;
  };
  lockserver::end_lease(*this, context_, x, std::move(by_force), delivery(answer), failure(answer));
  return answer;
}

template <class Request>
caf::result<reply_to<Request>> remote_session::ask(Request& x) {
  auto&& whom = receiver_of(*this, context_, rules_->caf(), x);
  // Nothing is to be cut from the answer, unless an earlier server had identities.
  if (rules_->is_open() && context_.config.data_dir.empty())
    return compat::delegate(this, whom, std::move(x));
  auto answer = make_response_promise<reply_to<Request>>();
  compat::request(this, whom, std::move(x))
    .then(guarded_answer(*this, delivery(answer)), guarded_answer(*this, failure(answer)));
  return answer;
}

caf::result<release_reply> remote_session::release(release_request& x) {
  if (auto no = refuse(x, need_of(x)))
    return no;
  if (x.force && !audit(audit_event::force, x, errc::ok, {}) && context_.audit.is_required())
    return error_of(refusal_of(errc::audit_failed));
  if (!holdings_.has(x.key))
    return ask(x);
  auto answer = make_response_promise<release_reply>();
  auto on_reply = [this, deliver_it = delivery(answer), x](release_reply& reply) {
    if (reply.status == release_reply::released && x.force)
      holdings_.released_all(x.key);
    else if (reply.status == release_reply::released)
      holdings_.released(x.key, x.owner, x.token);
    deliver_it(reply);
  };
  compat::request(this, context_.keys->of(x.key), x)
    .then(guarded_answer(*this, std::move(on_reply)), guarded_answer(*this, failure(answer)));
  return answer;
}

caf::result<acquire_reply> remote_session::renew(renew_request& x) {
  if (auto no = refuse(x, need_of(x)))
    return no;
  auto latest = context_.time.now() + context_.config.answer_margin;
  holdings_.renewing(x.key, x.owner, x.token, end_of(latest, x.ttl));
  return ask(x);
}

// -- taking back --------------------------------------------------------------

// Takes back everything that a request under way may still lead to.
remote_session::promise remote_session::give_up(std::uint64_t number) {
  lockserver::withdraw(*this, context_, holdings_.take_wait(number));
  return promises_.extract(number).mapped();
}

void remote_session::withdraw(const withdraw_request& x) {
  heard();
  if (holdings_.find(x.ticket) != nullptr)
    deliver(give_up(x.ticket), errc::wait_timeout); // so that the promise is fulfilled
  // Its answer and this message have crossed, or the answer was lost with a connection.
  else if (auto mine = holdings_.take(x.key, x.ticket))
    compat::anon_send(context_.keys->of(mine->key), release_of(*mine));
}

void remote_session::drop_waits(hold_mode over) {
  for (auto& x : holdings_.take_waits(over))
    lockserver::withdraw(*this, context_, x);
  for (auto& [number, x] : std::exchange(promises_, {}))
    deliver(x, errc::stopping);
}

void remote_session::give_back(hold_mode over) {
  std::vector<release_request> all;
  for (auto& x : holdings_.take_holds(over))
    all.push_back(release_of(x));
  if (!all.empty())
    home_system().spawn<releaser>(context_, std::move(all));
}

void remote_session::end(const char* why, hold_mode over) {
  give_back(over);
  context_.log.info("CAF client {}: client={} waits={} locks={}", why, quoted{client_name_},
                    holdings_.under_way(), holdings_.held());
  drop_waits(over);
  quit();
}

} // namespace lockserver
