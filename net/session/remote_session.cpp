#include "net/session/remote_session.hpp"

#include "actors/caf_answers.hpp"
#include "actors/quoted.hpp"
#include "net/session/releaser.hpp"
#include "net/session/remote_request.hpp"
#include "net/session/ways.hpp"

#include <spdlog/logger.h>

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

// By the token, because the client knew of the grant and may have renewed it.
release_request release_of(const hold& x) {
  return {x.key, x.owner, x.token};
}

// Overdue acquires are found by looking at all of them, so this limits how often.
constexpr auto look_interval = std::chrono::milliseconds{100};

} // namespace

remote_session::remote_session(caf::actor_config& cfg, server_context& context, std::string name)
  : remote_session_actor::base(cfg),
    context_(context),
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
    [](remote_session& self, lease_end_request& x) { return self.pass_on(x); },
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
  set_alarm();
}

bool remote_session::is_silent() {
  if (context_.time.now() < last_heard_ + context_.config.caf_session_timeout)
    return false;
  end("has been silent for too long", hold_mode::session);
  return true;
}

void remote_session::set_alarm() {
  wake_up_.no_later_than(last_heard_ + context_.config.caf_session_timeout);
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

// Why the request is not allowed; no error if it is.
template <class Request>
caf::error remote_session::refuse(Request& x, need needs, hold_mode hold) {
  heard();
  if (auto wrong = check(x, context_.config); !wrong.empty())
    return bad_request(std::move(wrong));
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
  promises_.extract(number).mapped().deliver(std::move(x));
}

template <class Request>
caf::result<reply_to<Request>> remote_session::pass_on(Request& x) {
  if (auto no = refuse(x, need_of(x)))
    return no;
  return compat::delegate(this, receiver_of(*this, context_, x), std::move(x));
}

caf::result<release_reply> remote_session::release(release_request& x) {
  if (!holdings_.has(x.key))
    return pass_on(x);
  if (auto no = refuse(x, need_of(x)))
    return no;
  auto answer = make_response_promise<release_reply>();
  auto on_reply = [this, answer, x](release_reply& reply) {
    if (reply.status == release_reply::released && x.force)
      holdings_.released_all(x.key);
    else if (reply.status == release_reply::released)
      holdings_.released(x.key, x.owner, x.token);
    auto to = answer;
    to.deliver(std::move(reply));
  };
  compat::request(this, context_.keys->of(x.key), x)
    .then(guarded_answer(*this, std::move(on_reply)),
          guarded_answer(*this, [answer](const caf::error& why) {
            auto to = answer;
            to.deliver(why);
          }));
  return answer;
}

caf::result<acquire_reply> remote_session::renew(renew_request& x) {
  if (auto no = refuse(x, need_of(x)))
    return no;
  auto latest = context_.time.now() + context_.config.answer_margin;
  holdings_.renewing(x.key, x.owner, x.token, end_of(latest, x.ttl));
  return compat::delegate(this, context_.keys->of(x.key), std::move(x));
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
