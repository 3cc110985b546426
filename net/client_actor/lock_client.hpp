// The client actor: sends its users' requests to the server, renews their locks, and
// tells them when a lock is lost. Knows no sockets; the connector makes the connections.
#pragma once

#include "actors/compat/messaging.hpp"
#include "actors/timers/timers.hpp"
#include "lockserver/client_actor.hpp"
#include "net/caf_protocol/actors.hpp"
#include "net/client_actor/agenda.hpp"
#include "net/client_actor/connector.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lockserver {

/// A `client_actor` that can be woken when something is due.
using waking_client_actor
  = client_actor::extend_with<compat::typed_actor<caf::result<void>(deadline_reached)>>;

/// Everything that has a deadline (a request, a lock, a lease, the connection) has a
/// number. The agenda has the next due time of each number. A request is sent at once if
/// there is a session, or else with the next session. If the connection breaks before the
/// answer, the request is sent again in the next session.
class lock_client final : public waking_client_actor::base {
public:
  using time_point = timers::time_point;
  using duration = time_point::duration;

  /// The server, and how to connect to it.
  struct target {
    connector_actor connector;
    std::string host;
    std::uint16_t port = 0;
    /// Interrupts the connector if it waits. Thread-safe.
    std::function<void()> interrupt{};
  };

  /// @param time kept alive by this actor; nobody else may need it longer.
  lock_client(caf::actor_config& cfg, target server, client_actor_options options,
              std::shared_ptr<timers> time);

  behavior_type make_behavior() override;

  const char* name() const override {
    return "lock_client";
  }

  void on_exit() override;

private:
  using id = std::uint64_t;

  enum class phase : std::uint8_t { pausing, connecting, connected, ended };

  struct operation {
    caf::actor_addr user; // none: the client itself
    time_point due;
    std::string key;
    bool acquires = false;
    bool sent = false;   // in the present session
    bool repeat = false; // was sent in an earlier session
    std::function<void()> send;
    // Called when the operation is given up; may be empty. The argument says whether the
    // request was ever sent.
    std::function<void(bool)> undo;
    std::function<void(caf::error)> fail;
  };

  // A message that the server must still get, see `owe`.
  struct debt {
    time_point until;
    std::function<void(id)> send; // is given the number of this debt
  };

  using lock_name = std::pair<std::string, std::string>; // key and owner

  struct kept_lock {
    lock_name name;
    caf::actor_addr user;
    std::uint64_t token = 0;
    lock_mode mode = lock_mode::exclusive;
    caf::timespan ttl{};         // what a renewal asks for; zero: the server's default
    caf::timespan granted_ttl{}; // the last one that the server granted
    // Not empty: ends with this lease, and is not renewed by itself.
    std::string lease;
    hold_mode hold = hold_mode::ttl; // also applies with a lease
    bool renewing = false;
    loss_reason ends_by = loss_reason::expired; // why it is lost at `safe_until`
    time_point safe_until{};
    time_point renew_at{};

    // How long from now the server may keep the lock if nobody renews it.
    caf::timespan longest() const {
      auto known = lease.empty() && ttl > caf::timespan::zero();
      return known ? std::max(ttl, granted_ttl) : caf::timespan::max();
    }
  };

  struct kept_lease {
    std::string name;
    caf::actor_addr user;
    bool own = false; // made here, and so renewed; else only inspected
    bool renewing = false;
    time_point safe_until{};
    time_point renew_at{};
  };

  // The connection (lock_client_connection.cpp).
  void connect();
  void say_hello(const caf::strong_actor_ptr& gateway);
  void on_welcome(session_welcome& x, time_point sent);
  void pause(std::string why);
  void on_session_lost(const char* why);
  void on_connection_due();
  void send_keep_alive();
  void set_connection_due();
  bool connected() const noexcept {
    return phase_ == phase::connected;
  }

  // Requests (lock_client_requests.cpp).
  caf::result<lock_grant> acquire(acquire_lock& x);
  void send_acquire(id number, const acquire_lock& x, time_point asked,
                    caf::typed_response_promise<lock_grant> promise);
  void on_acquire_reply(id number, const acquire_lock& x, time_point sent,
                        const acquire_reply& reply,
                        caf::typed_response_promise<lock_grant>& promise);
  caf::result<bool> cancel(const cancel_wait& x);
  caf::result<bool> release(release_request& x);
  caf::result<lock_grant> renew(renew_request& x);
  caf::result<bool> verify(verify_lock& x);
  caf::result<bool> check(check_request& x);
  caf::result<lock_info> inspect(inspect_request& x);
  caf::result<list_reply> list(list_request& x);
  caf::result<lease_reply> create_lease(lease_create_request& x);
  caf::result<lease_reply> renew_lease(lease_renew_request& x);
  caf::result<lease_reply> inspect_lease(lease_inspect_request& x);
  caf::result<lease_reply> end_lease(lease_end_request& x);
  template <class Request>
  caf::result<lease_reply> ask_about_lease(Request x);
  // Starts an operation. `convert` makes its answer, a `Reply` or an error, of the
  // server's `Wire` and of whether the request was sent more than once.
  template <class Reply, class Wire, class Request, class Convert>
  caf::result<Reply>
  ask(Request x, std::string key, Convert convert, std::function<void(bool)> undo = {});
  operation& add_operation(id number, caf::actor_addr user, std::string key, duration patience);
  bool remove_operation(id number);
  void give_up(id number, caf::error why);
  void on_failure(id number, const caf::error& what, id session);
  std::string own_name();

  // Messages that the server must still get (lock_client_debts.cpp).
  void owe(time_point until, std::function<void(id)> send);
  void pay_debts();
  void forget_paid_by_time();
  void settle(id number);
  void give_back(const lock_name& name, std::uint64_t token, caf::timespan ttl);
  void give_back_lease(const std::string& name);
  void withdraw(id ticket, const acquire_lock& x);
  void ask_for_grant_of(acquire_lock x, id number);

  // What is held (lock_client_locks.cpp).
  void keep(kept_lock x);
  kept_lock* kept_as(const lock_name& name, std::uint64_t token);
  void forget_lock(id number);
  void renew_lock(id number);
  void on_renewed(id number, time_point sent, const acquire_reply& x);
  void lose(id number, loss_reason reason, const std::string& detail);
  void keep(kept_lease x, caf::timespan ttl, time_point sent);
  void check_lease(id number);
  void lose_lease(id number, const std::string& detail);
  void forget_lease(id number);
  time_point safe_until(time_point sent, caf::timespan ttl) const;

  // The actors that ask, and the end of the client.
  caf::actor_addr asker();
  void on_down(const caf::actor_addr& x);
  void on_user_gone(const caf::actor_addr& x);
  void on_due();
  void leave();
  void leave_if_done();
  static caf::error has_ended();
  void set_alarm();

  target server_;
  const client_actor_options options_;
  std::shared_ptr<timers> time_;
  wake_up wake_up_;
  agenda agenda_;
  const std::string instance_; // part of all names that are made here
  id last_id_ = 0;             // 0 is the connection's number in the agenda

  id leaves_ = 0;            // not 0: the client releases everything and ends
  std::size_t attempts_ = 0; // requests to the connector without an answer yet

  phase phase_ = phase::pausing;
  id session_id_ = 0; // the present attempt or session; late answers have another
  remote_session_actor session_;
  caf::actor_addr session_addr_;
  caf::actor_addr last_session_; // the last session, or the present one
  caf::actor_addr gateway_addr_;
  caf::timespan session_timeout_{};
  time_point session_safe_until_{}; // the server keeps the session at least until then
  time_point connection_due_{};
  duration next_pause_;
  std::string trouble_ = "the first attempt is under way"; // why it is not connected

  std::map<id, operation> operations_; // in the order of their arrival
  std::unordered_map<id, kept_lock> locks_;
  std::map<lock_name, id> lock_ids_;
  std::map<id, debt> debts_; // in the order in which they were added
  std::unordered_map<id, kept_lease> leases_;
  std::map<std::string, id> lease_ids_;
  // The living actors that have ever asked; the number is part of their owner names.
  std::map<caf::actor_addr, id> users_;
};

} // namespace lockserver
