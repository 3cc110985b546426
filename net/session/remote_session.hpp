// The remote session actor: one CAF client's session on the server. It turns the client's
// requests into messages to registries and leases, as `session` does for HTTP, and takes
// back what must end when the client is gone. Decides nothing about locks.
#pragma once

#include "actors/guarded.hpp"
#include "net/caf_protocol/actors.hpp"
#include "net/session/holdings.hpp"
#include "net/session/reply.hpp"
#include "net/session/server_context.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace lockserver {

/// The client is gone when it has ended, or when nothing has come from it for
/// `caf_session_timeout`. A machine that has lost its network sends nothing, and its
/// connection may stay open for many minutes. The client knows that timeout. By its own
/// clock, it gives up what ends with the session before the server does.
///
/// A broken connection does not mean that the client is gone. The client may still
/// believe that it is open, or may reconnect. Until the timeout it finds its session
/// again, without its waits, which it asks for again, and without the locks that ended
/// with the connection.
class remote_session final : public remote_session_actor::base {
public:
  /// A client serves a whole program, so it may have more than a connection: as many
  /// acquires under way as may wait for one key by default, and as many locks that end
  /// with it.
  static constexpr client_limits most{10'000, 10'000};

  /// @param name the client's own, for the log. The client must still say hello.
  remote_session(caf::actor_config& cfg, server_context& context, std::string name);

  remote_session_actor::behavior_type make_behavior() override;

  const char* name() const override {
    return "remote_session";
  }

  void on_exit() override;

  /// See `guarded`.
  void on_exception() noexcept;

private:
  using promise = caf::typed_response_promise<acquire_reply>;

  session_welcome meet(const session_hello& x);
  void on_deadline();
  bool is_silent();
  void set_alarm();
  void on_client_down(const caf::actor_addr& gone, const caf::error& why);
  void on_connection_lost();

  template <class Request>
  caf::error refuse(Request& x, need needs, hold_mode hold = hold_mode::ttl);
  void refresh_rules();
  template <class Request>
  bool audit(audit_event event, const Request& x, errc outcome, std::string_view reason);
  template <class Request>
  std::optional<refusal> refuse_access(const Request& x);
  caf::result<acquire_reply> acquire(session_acquire& x);
  void fail(std::uint64_t number, const caf::error& why);
  void finish(std::uint64_t number, acquire_reply& x);
  promise give_up(std::uint64_t number);
  template <class Request>
  caf::result<reply_to<Request>> pass_on(Request& x);
  template <class Request>
  caf::result<reply_to<Request>> ask(Request& x);
  template <class Reply>
  void cut(Reply& x) const;
  template <class Reply>
  auto delivery(caf::typed_response_promise<Reply> to) const;
  caf::result<lease_reply> end_lease(lease_end_request& x);
  caf::result<release_reply> release(release_request& x);
  caf::result<acquire_reply> renew(renew_request& x);

  void withdraw(const withdraw_request& x);
  void drop_waits(hold_mode over);
  void give_back(hold_mode over);
  void end(const char* why, hold_mode over);
  void heard();

  server_context& context_;
  std::shared_ptr<const access_rules> rules_;
  caf::actor client_; // null while the client cannot be reached
  std::string client_name_;
  wake_up wake_up_;
  timers::time_point last_heard_;
  holdings holdings_;                                   // acquires have the client's numbers
  std::unordered_map<std::uint64_t, promise> promises_; // one for each acquire
};

} // namespace lockserver
