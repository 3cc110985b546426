// The session actor: turns the operations of one connection into messages to
// the registries and the leases, and their answers into content. Knows no bytes
// and no sockets, and of the dialects only that they write.
#pragma once

#include "actors/actors.hpp"
#include "actors/compat/hosting.hpp"
#include "actors/guarded.hpp"
#include "net/io/io_thread.hpp"
#include "net/session/dialect.hpp"
#include "net/session/holdings.hpp"
#include "net/session/server_context.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace lockserver {

/// What a session needs of its connection. Called on the connection's thread.
class session_peer {
public:
  /// A place in the stream of bytes to the client: how many precede it.
  using position = holdings::position;

  /// The answer to the operation under way; written at the end of the turn.
  /// Returns where it ends.
  virtual position answer(const http_content& x) = 0;

  /// What the client's system has certainly received: it has acknowledged it.
  virtual position arrived() = 0;

  /// What the client's system may have received. From now on it gets no more than
  /// that: to be asked when the connection is over.
  virtual position may_have_arrived() = 0;

  /// Whether the client is known to have gone, as of now.
  virtual bool client_is_gone() = 0;

  /// The client is gone before its answer, or an exception came between: close.
  virtual void give_up() noexcept = 0;

  /// A deadline given to `session::wake_at` may have come.
  virtual void on_deadline() = 0;

protected:
  ~session_peer() = default;
};

/// Works off one operation at a time. Runs on its connection's thread, where
/// the connection calls it directly; only answers of other actors come by
/// message.
///
/// A grant stays "in doubt" until the client's system has acknowledged its
/// answer. While it is, a broken connection takes it back if the answer certainly
/// did not arrive. Safety before liveness: where nobody can know, the grant stays
/// until its release or its time. A client may read its answer and reset the
/// connection at once (proxies do), before its system has acknowledged anything.
class session final : public compat::pinned<session_actor::base> {
public:
  using time_point = timers::time_point;

  /// So many are kept until it is looked when the client sends something: each look is
  /// a call of the system, and what has arrived is not taken back in any case.
  static constexpr std::size_t few_in_doubt = 4;

  /// A connection has one request under way. Each lock that ends with it is a message
  /// when it closes, all in one turn.
  static constexpr client_limits most{1, 1000};

  /// @param surplus there are too many connections: its client gets no lock.
  session(caf::actor_config& cfg, io_thread& host, server_context& context, session_peer& peer,
          bool surplus);

  behavior_type make_behavior() override;

  const char* name() const override {
    return "session";
  }

  void on_exit() override;

  /// Gives the connection up. See `guarded`.
  void on_exception() noexcept;

  // -- for the connection -----------------------------------------------------

  /// Carries out `x`: one call of `session_peer::answer` follows, perhaps
  /// before this returns. @pre no operation is under way
  /// @param how writes the answer; of static storage.
  void submit(session_request&& x, const dialect& how);

  /// Answers the operation under way with no if it is an acquire that waits.
  void refuse_wait();

  /// The client cannot be watched any more: an acquire under way ends its wait.
  void end_wait();

  /// Whether an acquire that may take long is under way.
  bool waits() const noexcept {
    return pending_ && pending_->may_wait;
  }

  /// Whether a grant has been given to `answer` that may not have arrived.
  bool in_doubt() const noexcept {
    return holdings_.in_doubt() > 0;
  }

  /// The client has sent something, and with it what it acknowledges.
  void client_continued() {
    if (holdings_.in_doubt() >= few_in_doubt)
      holdings_.arrived(peer_->arrived());
  }

  /// The connection broke: takes back every grant that did not arrive.
  void connection_broke();

  /// The connection is closed: takes back the operation under way and what was
  /// to end with the connection, and ends. The peer is not called any more.
  void connection_closed();

  /// Sees to it that `session_peer::on_deadline` is called at `due` or before.
  void wake_at(time_point due) {
    wake_up_.no_later_than(due);
  }

private:
  // The operation under way. Of an acquire that was asked, key and owner are in the holdings.
  struct pending {
    ticket_id ticket; // names the operation, whatever it is
    const dialect* how;
    time_point answer_due;
    std::string key;
    std::string owner;
    bool acquires = false;
    bool may_wait = false;
  };

  template <class Request>
  void check(Request& x, const dialect& how);
  template <class Request>
  wish wish_of(const Request& x, client_state& mine);
  void begin(std::string_view key, std::string_view owner, const dialect& how, duration wait);
  template <class Request>
  void ask(Request& x);
  void ask(lock_wish& x);
  void ask(server_info_request&);
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
  void refuse(refusal&& x);
  void refuse_acquire(errc why);
  void take_back();

  io_thread& host_;
  server_context& context_;
  session_peer* peer_;
  bool surplus_;
  wake_up wake_up_;
  std::optional<pending> pending_;
  holdings holdings_; // acquires are numbered by their tickets
  std::string text_;  // of the answer that is just being written
};

} // namespace lockserver
