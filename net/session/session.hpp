// The session actor: turns the operations of one connection into messages to registries
// and leases, and their answers into content. Knows neither bytes nor sockets. It knows
// only of dialects that they write answers.
#pragma once

#include "actors/actors.hpp"
#include "actors/compat/hosting.hpp"
#include "actors/guarded.hpp"
#include "actors/rules/peer_names.hpp"
#include "net/access/client_access.hpp"
#include "net/io/io_thread.hpp"
#include "net/session/dialect.hpp"
#include "net/session/holdings.hpp"
#include "net/session/server_context.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace lockserver {

/// What a session needs from its connection. Called on the connection's thread.
class session_peer {
public:
  /// A position in the output to the client: the number of bytes before it.
  using position = holdings::position;

  /// Takes the answer to the operation under way, which is written at the end of the
  /// turn. Returns the position where it ends.
  virtual position answer(const http_content& x) = 0;

  /// The position that the client's system has acknowledged: everything before it has
  /// arrived.
  virtual position arrived() = 0;

  /// The position up to which output may have arrived. From now on, the client gets no
  /// more output than that. Call it when the connection is over.
  virtual position may_have_arrived() = 0;

  /// Whether the client is known to be gone at this moment.
  virtual bool client_is_gone() = 0;

  /// The client's address without a port, for the audit log.
  virtual std::string address() const = 0;

  /// Closes the connection, because the client is gone before its answer, or because of
  /// an exception.
  virtual void give_up() noexcept = 0;

  /// A deadline given to `session::wake_at` may have been reached.
  virtual void on_deadline() = 0;

protected:
  ~session_peer() = default;
};

/// Handles one operation at a time. Runs on its connection's thread, and the connection
/// calls it directly. Only the answers of other actors come as messages.
///
/// A grant is "in doubt" until the client's system has acknowledged its answer. If the
/// connection breaks while a grant is in doubt, the session takes it back only if the
/// answer certainly did not arrive. Safety before liveness: if nobody can know, the grant
/// stays until its release or its expiry. A client may read its answer and reset the
/// connection at once, before its system has acknowledged anything; proxies do that.
class session final : public compat::pinned<session_actor::base> {
public:
  using time_point = timers::time_point;

  /// Up to this number, grants stay in doubt without a check when the client sends
  /// something. Each check is a system call, and a grant whose answer has arrived is not
  /// taken back in any case.
  static constexpr std::size_t few_in_doubt = 4;

  /// A connection has one request under way. Each lock that ends with it costs a message
  /// when it closes, and all are sent in one turn.
  static constexpr client_limits most{1, 1000};

  /// @param surplus there are too many connections, so this client gets no lock.
  session(caf::actor_config& cfg, io_thread& host, server_context& context, session_peer& peer,
          bool surplus);

  behavior_type make_behavior() override;

  const char* name() const override {
    return "session";
  }

  void on_exit() override;

  /// Closes the connection. See `guarded`.
  void on_exception() noexcept;

  // -- for the connection -----------------------------------------------------

  /// The client has a certificate with these names. @pre called before the first `submit`
  void certificate(peer_names x) {
    access_.certificate(std::move(x));
  }

  /// Carries out `x`. One call of `session_peer::answer` follows, perhaps before this
  /// returns. @pre no operation is under way
  /// @param how writes the answer; in static storage.
  /// @param from how the request arrived, and with which credentials.
  void submit(session_request&& x, const dialect& how, const arrival& from);

  /// Answers the operation under way with "no" if it is an acquire that waits.
  void refuse_wait();

  /// The access rules or the authorities of clients have changed: refuses an acquire that
  /// waits, unless its client may still have it.
  /// @param is_trusted whether the client's certificate still counts, if it has one.
  void access_changed(bool is_trusted);

  /// Ends the wait of an acquire under way, because the client cannot be watched any
  /// more.
  void end_wait();

  /// Whether an acquire that may take long is under way.
  bool waits() const noexcept {
    return pending_ && pending_->may_wait;
  }

  /// Whether a grant may not have arrived that was passed to `session_peer::answer`.
  bool in_doubt() const noexcept {
    return holdings_.in_doubt() > 0;
  }

  /// The client has sent something, which also carries its acknowledgements.
  void client_continued() {
    if (holdings_.in_doubt() >= few_in_doubt)
      holdings_.arrived(peer_->arrived());
  }

  /// The connection broke: takes back every grant whose answer certainly did not arrive.
  void connection_broke();

  /// The connection is closed: takes back the operation under way and the locks that end
  /// with the connection, and ends. The peer is not called any more.
  void connection_closed();

  /// Ensures that `session_peer::on_deadline` is called at `due` or earlier.
  void wake_at(time_point due) {
    wake_up_.no_later_than(due);
  }

private:
  // The operation under way. The holdings have key and owner of an acquire that was sent.
  struct pending {
    ticket_id ticket; // identifies the operation, of whatever kind
    const dialect* how;
    time_point answer_due;
    std::string key;
    std::string owner;              // with the identity, see holder_name.hpp
    const principal* who = nullptr; // null: the request is refused
    bool acquires = false;
    bool may_wait = false;
    std::unique_ptr<identity_counts::ticket> place{}; // if the waits of identities are limited
  };

  template <class Request>
  void check(Request& x, const dialect& how, const arrival& from);
  template <class Request>
  bool is_operators(const Request& x) const;
  template <class Request>
  wish wish_of(const Request& x, client_state& mine);
  void begin(std::string_view key, std::string_view owner, const dialect& how, duration wait);
  template <class Request>
  void ask(Request& x);
  void ask(lock_wish& x);
  bool take_place();
  void ask(lease_end_request& x);
  void ask(server_info_request&);
  void ask(access_request&);
  void ask(readiness_request&);
  void ask(shutdown_request&);

  bool is_pending(ticket_id ticket) const noexcept {
    return pending_ && pending_->ticket == ticket;
  }
  void on_acquire_reply(ticket_id ticket, acquire_reply& x);
  void on_granted(acquire_reply& x);
  void on_deadline();
  auto failed(ticket_id ticket);
  void on_failure(ticket_id ticket, const caf::error& what);

  asked what() const;
  template <class Reply>
  void finish(Reply& x);
  void answer(const session_reply& x, bool granted = false);
  void refuse(denial&& x);
  void refuse(refusal&& x);
  void refuse_acquire(errc why);
  bool audit_act(operation x, std::string_view reason = {});
  bool audit(audit_entry x, errc outcome, std::string_view reason);
  void take_back();

  io_thread& host_;
  server_context& context_;
  session_peer* peer_;
  client_access access_;
  bool surplus_;
  wake_up wake_up_;
  std::optional<pending> pending_;
  holdings holdings_; // acquires are numbered by their tickets
  std::string text_;  // of the answer that is being written
};

} // namespace lockserver
