// The remote session actor: what one CAF client has on the server. Turns its
// requests into messages to the registries and the leases, as `session` does
// for HTTP, and takes back what it has when the client is gone. Decides
// nothing about locks.
#pragma once

#include "actors/guarded.hpp"
#include "net/caf_protocol/actors.hpp"
#include "net/session/server_context.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

namespace lockserver {

/// The client is gone when it has ended, or when nothing has come from it for
/// `caf_session_timeout`: a machine that has lost its network says nothing, and its
/// connection may stand for many minutes. The client knows that time, and gives up
/// by its own clock what was to end with the session before it is over here.
///
/// A connection that has broken is no such end. The client may still believe that
/// it stands, and may come back by another one: until the time is over it finds
/// what it had, but for its waits, which it asks for again, and for the locks that
/// were to end with the connection.
class remote_session final : public remote_session_actor::base {
public:
  /// Acquires of one client that may be under way at a time: as many as may
  /// wait for one key by default.
  static constexpr std::size_t max_pending = 10'000;

  /// @param name the client's own, for the log. It has yet to say hello.
  remote_session(caf::actor_config& cfg, server_context& context, std::string name);

  remote_session_actor::behavior_type make_behavior() override;

  const char* name() const override {
    return "remote_session";
  }

  void on_exit() override;

  /// See `guarded`.
  void on_exception() noexcept;

private:
  // One acquire request, and the way that it went.
  struct acquisition {
    std::string key;
    std::uint64_t ticket; // the server's
    bool by_lease;
  };
  struct pending {
    acquisition what;
    std::string owner;
    hold_mode hold; // with a lease: ttl
    caf::typed_response_promise<acquire_reply> promise;
  };
  struct held {
    std::uint64_t client_ticket;
    std::uint64_t token;
    hold_mode hold;
    timers::time_point expires_at;
  };
  using held_name = std::pair<std::string, std::string>; // key and owner

  session_welcome meet(const session_hello& x);
  void look_whether_gone();
  void on_client_down(const caf::actor_addr& gone, const caf::error& why);
  void on_connection_lost();

  caf::result<acquire_reply> acquire(session_acquire& x);
  template <class Actor, class Request>
  void ask_to_acquire(const Actor& whom, std::uint64_t client_ticket, Request&& x);
  void fail(std::uint64_t client_ticket, const caf::error& why);
  void finish(std::uint64_t client_ticket, acquire_reply& x);
  template <class Reply, class Actor, class Request>
  caf::result<Reply> pass_on(const Actor& whom, Request& x);
  caf::result<release_reply> release(release_request& x);
  caf::result<acquire_reply> renew(renew_request& x);
  caf::result<list_reply> list(list_request& x);

  void withdraw(const withdraw_request& x);
  void take_back(const acquisition& x);
  void drop_waits();
  static release_request release_of(const held_name& name, const held& x);
  void give_back_all(hold_mode hold);
  void hold(held_name name, const held& x);
  void forget_expired();
  timers::time_point end_of(caf::timespan ttl) const;
  void end(const char* why);
  void heard();

  server_context& context_;
  caf::actor client_; // as long as it can be reached
  std::string client_name_;
  wake_up wake_up_;
  timers::time_point last_heard_;
  std::unordered_map<std::uint64_t, pending> pending_; // by the client's ticket
  std::map<held_name, held> held_;                     // granted, and not ended as far as known
  std::size_t most_held_ = 64;                         // before it is looked what has expired
};

} // namespace lockserver
