#include "net/client_actor/lock_client.hpp"

#include "actors/rules/random_name.hpp"

#include <algorithm>
#include <vector>

namespace lockserver {

caf::error lock_client::has_ended() {
  return caf::make_error(errc::cancelled, "the client actor has ended");
}

lock_client::lock_client(caf::actor_config& cfg, target server, client_actor_options options,
                         std::shared_ptr<timers> time)
  : waking_client_actor::base(cfg),
    server_(std::move(server)),
    options_(std::move(options)),
    time_(std::move(time)),
    wake_up_(*time_, this),
    instance_(random_name().substr(0, 16)),
    next_pause_(options_.first_pause) {
}

lock_client::behavior_type lock_client::make_behavior() {
  connect();
  set_alarm();
  // The handler may have changed the agenda, so this sets the alarm again.
  auto then_alarm = [this](auto result) {
    set_alarm();
    return result;
  };
  return {
    [=, this](acquire_lock& x) { return then_alarm(acquire(x)); },
    [=, this](const cancel_wait& x) { return then_alarm(cancel(x)); },
    [=, this](release_request& x) { return then_alarm(release(x)); },
    [=, this](renew_request& x) { return then_alarm(renew(x)); },
    [=, this](verify_lock& x) { return then_alarm(verify(x)); },
    [=, this](check_request& x) { return then_alarm(check(x)); },
    [=, this](inspect_request& x) { return then_alarm(inspect(x)); },
    [=, this](list_request& x) { return then_alarm(list(x)); },
    [=, this](lease_create_request& x) { return then_alarm(create_lease(x)); },
    [=, this](lease_renew_request& x) { return then_alarm(renew_lease(x)); },
    [=, this](lease_inspect_request& x) { return then_alarm(inspect_lease(x)); },
    [=, this](lease_end_request& x) { return then_alarm(end_lease(x)); },
    [this](shut_down) {
      leave();
      set_alarm();
    },
    [this](deadline_reached) {
      wake_up_.arrived();
      on_due();
    },
  };
}

// Releases everything, and ends when the server has answered: the news of a sender's end
// may overtake its messages. It also waits for a connection attempt to end, because CAF
// 0.17 may not shut down while one is under way.
void lock_client::leave() {
  if (leaves_ != 0)
    return;
  leaves_ = ++last_id_;
  while (!operations_.empty())
    give_up(operations_.begin()->first, has_ended());
  while (!locks_.empty()) {
    auto& [number, x] = *locks_.begin();
    give_back(x.name, x.token, x.longest());
    lose(number, loss_reason::stopping, "the client actor is told to end");
  }
  while (!leases_.empty()) {
    auto& [number, x] = *leases_.begin();
    if (x.own)
      give_back_lease(x.name);
    forget_lease(number);
  }
  // A peer that is no lock server may never answer.
  auto most = connected()
                ? options_.request_timeout
                : std::min<client_actor_options::duration>(options_.request_timeout,
                                                           std::chrono::milliseconds{500});
  agenda_.set(leaves_, time_->now() + most);
  leave_if_done();
}

// Does not wait for a connection: the server ends what belongs to the session, or has a
// ttl, by itself.
void lock_client::leave_if_done() {
  if (leaves_ != 0 && (debts_.empty() || !connected()) && attempts_ == 0)
    quit();
}

void lock_client::on_exit() {
  phase_ = phase::ended;
  wake_up_.clear();
  auto operations = std::exchange(operations_, {});
  for (auto& [number, x] : operations)
    x.fail(has_ended());
  while (!locks_.empty())
    lose(locks_.begin()->first, loss_reason::stopping, "the client actor has ended");
  session_ = nullptr;
  session_addr_ = last_session_ = gateway_addr_ = nullptr;
  debts_.clear();
  // Otherwise an attempt under way would keep the connector alive, and so the actor
  // system.
  if (server_.interrupt)
    server_.interrupt();
  compat::anon_send_exit(caf::actor_cast<caf::abstract_actor*>(server_.connector));
  server_.connector = nullptr;
  leases_.clear();
  users_.clear();
}

void lock_client::set_alarm() {
  if (auto due = agenda_.next_due())
    wake_up_.no_later_than(*due);
}

void lock_client::on_due() {
  auto now = time_->now();
  while (auto number = agenda_.pop_due(now)) {
    if (*number == 0)
      on_connection_due();
    else if (*number == leaves_)
      quit();
    else if (locks_.contains(*number))
      renew_lock(*number);
    else if (leases_.contains(*number))
      check_lease(*number);
    else if (connected())
      give_up(*number, caf::make_error(errc::timeout, "the server did not answer in time"));
    else
      give_up(*number, caf::make_error(errc::unreachable,
                                       "the server could not be reached in time: " + trouble_));
  }
  set_alarm();
}

// -- users --------------------------------------------------------------------

// The actor that sent the present request. It is monitored from now on.
caf::actor_addr lock_client::asker() {
  auto who = caf::actor_cast<caf::actor>(current_sender());
  if (who == nullptr)
    return nullptr;
  if (users_.try_emplace(who.address(), last_id_ + 1).second) {
    ++last_id_;
    compat::on_down(this, who, [this](const caf::actor_addr& x, const caf::error&) { on_down(x); });
  }
  return who.address();
}

// The owner of the asker's locks unless the request names one.
std::string lock_client::own_name() {
  auto who = asker();
  auto number = who ? users_.at(who) : id{0};
  return options_.name + '/' + instance_ + '/' + std::to_string(number);
}

void lock_client::on_down(const caf::actor_addr& x) {
  if (x == session_addr_)
    on_session_lost("the connection to the server broke, or the server ended the session");
  else if (x == gateway_addr_ && phase_ == phase::connecting)
    pause("the connection to the server broke");
  else if (x == gateway_addr_)
    gateway_addr_ = nullptr;
  else
    on_user_gone(x);
  set_alarm();
}

void lock_client::on_user_gone(const caf::actor_addr& gone) {
  std::vector<id> numbers;
  for (auto& [number, x] : operations_)
    if (x.user == gone)
      numbers.push_back(number);
  for (auto number : numbers)
    give_up(number, caf::make_error(errc::cancelled, "the actor that asked has ended"));
  numbers.clear();
  for (auto& [number, x] : locks_)
    if (x.user == gone)
      numbers.push_back(number);
  for (auto number : numbers) {
    auto& lock = locks_.at(number);
    give_back(lock.name, lock.token, lock.longest());
    forget_lock(number);
  }
  numbers.clear();
  for (auto& [number, x] : leases_)
    if (x.user == gone)
      numbers.push_back(number);
  for (auto number : numbers) {
    // It may have locks of other actors. They are told before the server ends the locks.
    auto name = leases_.at(number).name;
    lose_lease(number, "the actor that made the lease has ended");
    give_back_lease(name);
  }
  users_.erase(gone);
}

} // namespace lockserver
