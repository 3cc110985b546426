// How the client actor connects to its server, and reconnects.

#include "actors/rules/safe_time.hpp"
#include "net/client_actor/lock_client.hpp"

#include <algorithm>
#include <random>
#include <vector>

namespace lockserver {

void lock_client::connect() {
  if (leaves_ != 0)
    return;
  phase_ = phase::connecting;
  ++attempts_;
  auto attempt = ++session_id_;
  connection_due_ = time_->now() + options_.connect_timeout;
  set_connection_due();
  compat::request(this, server_.connector, connect_request{server_.host, server_.port})
    .then(
      [this, attempt](const caf::strong_actor_ptr& gateway) {
        --attempts_;
        if (leaves_ != 0)
          leave_if_done();
        else if (attempt == session_id_)
          say_hello(gateway);
        set_alarm();
      },
      [this, attempt](const caf::error& what) {
        --attempts_;
        if (leaves_ != 0)
          leave_if_done();
        else if (attempt == session_id_)
          pause(detail_of(what));
        set_alarm();
      });
}

void lock_client::say_hello(const caf::strong_actor_ptr& gateway) {
  auto whom = caf::actor_cast<caf::actor>(gateway);
  // CAF may still remember a node that is gone, and then its actors count as ended.
  if (gateway_addr_ != whom.address()) {
    gateway_addr_ = whom.address();
    compat::on_down(this, whom,
                    [this](const caf::actor_addr& x, const caf::error&) { on_down(x); });
  }
  auto attempt = session_id_;
  auto sent = time_->now();
  compat::request(this, caf::actor_cast<gateway_actor>(gateway),
                  session_hello{session_hello::newest_protocol, options_.name + '/' + instance_})
    .then(
      [this, attempt, sent](session_welcome& x) {
        if (attempt == session_id_)
          on_welcome(x, sent);
        set_alarm();
      },
      [this, attempt](const caf::error& what) {
        if (attempt == session_id_)
          pause("the server opens no session: " + detail_of(what));
        set_alarm();
      });
}

void lock_client::on_welcome(session_welcome& x, time_point sent) {
  if (x.protocol < session_hello::oldest_protocol)
    return pause("the server speaks protocol " + std::to_string(x.protocol)
                 + " at most, and this client those from "
                 + std::to_string(session_hello::oldest_protocol)
                 + ": use a newer release of the server");
  phase_ = phase::connected;
  trouble_.clear();
  session_ = caf::actor_cast<remote_session_actor>(x.session);
  session_addr_ = last_session_ = session_.address();
  session_timeout_ = x.timeout;
  session_safe_until_ = safe_until(sent, x.timeout);
  connection_due_ = sent + x.timeout / 3;
  set_connection_due();
  compat::on_down(this, caf::actor_cast<caf::actor>(x.session),
                  [this](const caf::actor_addr& y, const caf::error&) { on_down(y); });
  pay_debts();
  // First find out what is still held. Then send what was asked meanwhile, in its order.
  std::vector<id> numbers;
  for (auto& [number, lock] : locks_)
    numbers.push_back(number);
  for (auto number : numbers)
    renew_lock(number);
  numbers.clear();
  for (auto& [number, lease] : leases_)
    numbers.push_back(number);
  for (auto number : numbers)
    check_lease(number);
  for (auto& [number, y] : operations_)
    y.send();
}

// Tries again, a little later than the last time. The pause varies, so that not all
// clients of a lost server reconnect at the same moment.
void lock_client::pause(std::string why) {
  phase_ = phase::pausing;
  ++session_id_;
  trouble_ = std::move(why);
  static thread_local std::minstd_rand random{std::random_device{}()};
  auto most = next_pause_.count();
  auto pause = std::uniform_int_distribution<duration::rep>{most / 2, most}(random);
  next_pause_ = std::min<duration>(2 * next_pause_, options_.longest_pause);
  connection_due_ = time_->now() + duration{pause};
  set_connection_due();
}

void lock_client::on_session_lost(const char* why) {
  // Otherwise CAF would wait for the answers of this session as long as this actor lives.
  multiplexed_responses_.clear();
  session_ = nullptr;
  session_addr_ = nullptr;
  for (auto& [number, x] : operations_) {
    x.repeat = x.repeat || x.sent;
    x.sent = false;
  }
  std::vector<id> lost;
  for (auto& [number, x] : locks_) {
    x.renewing = false;
    if (x.hold == hold_mode::connection)
      lost.push_back(number);
    // The server keeps the session until then, and longer if the client reconnects in
    // time.
    if (x.hold == hold_mode::session && session_safe_until_ < x.safe_until) {
      x.safe_until = session_safe_until_;
      x.ends_by = loss_reason::connection_lost;
      agenda_.set(number, std::min(x.renew_at, x.safe_until));
    }
  }
  for (auto& [number, x] : leases_)
    x.renewing = false;
  attempts_ = 0; // no answer comes any more
  if (leaves_ != 0)
    return quit();
  pause(why);
  for (auto number : lost) {
    auto& x = locks_.at(number);
    give_back(x.name, x.token, x.longest()); // in case the server has kept it
    lose(number, loss_reason::connection_lost, why);
  }
}

void lock_client::on_connection_due() {
  auto now = time_->now();
  switch (phase_) {
    case phase::pausing:
      return connect();
    case phase::connecting:
      return pause("nobody answered as a lock server does within the connect timeout (server and "
                   "client need the same version of CAF, here "
                   + compat::version() + ")");
    case phase::connected:
      if (now < session_safe_until_)
        return send_keep_alive();
      // The server has ended the session, or will in a moment.
      return on_session_lost("the server has been silent for too long");
    case phase::ended:
      return;
  }
}

void lock_client::send_keep_alive() {
  auto sent = time_->now();
  compat::request(this, session_, keep_alive{})
    .then(
      [this, sent, session = session_id_](bool) {
        if (session != session_id_)
          return;
        next_pause_ = options_.first_pause; // the session has lasted
        session_safe_until_ = std::max(session_safe_until_, safe_until(sent, session_timeout_));
        set_connection_due();
        set_alarm();
      },
      [](const caf::error&) {}); // the session is monitored
  connection_due_ = sent + session_timeout_ / 3;
  set_connection_due();
}

void lock_client::set_connection_due() {
  agenda_.set(0, connected() ? std::min(connection_due_, session_safe_until_) : connection_due_);
}

lock_client::time_point lock_client::safe_until(time_point sent, caf::timespan ttl) const {
  // The maximum means that the grant has no end of its own.
  if (ttl > time_point::max() - sent)
    return time_point::max();
  return sent + ttl - safety_margin(ttl);
}

} // namespace lockserver
