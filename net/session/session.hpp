// The session actor: turns the operations of one connection into messages to
// the registries and the leases, and their answers into content. Knows no bytes
// and no sockets, and of the dialects only that they write.
#pragma once

#include "actors/actors.hpp"
#include "actors/compat/hosting.hpp"
#include "actors/guarded.hpp"
#include "net/io/io_thread.hpp"
#include "net/session/dialect.hpp"
#include "net/session/server_context.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockserver {

/// What a session needs of its connection. Called on the connection's thread.
class session_peer {
public:
  /// A place in the stream of bytes to the client: how many precede it.
  using position = std::uint64_t;

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

  /// A client that sends nothing more gives no occasion to look what has arrived.
  /// From so many grants on, they are looked through, each time they have doubled.
  static constexpr std::size_t min_in_doubt = 64;

  /// So many are kept until it is looked when the client sends something: each look is
  /// a call of the system, and what has arrived is not taken back in any case.
  static constexpr std::size_t few_in_doubt = 4;

  /// Grants that end with one connection.
  static constexpr std::size_t max_held = 1000;

  session(caf::actor_config& cfg, io_thread& host, server_context& context, session_peer& peer);

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
  void submit(operation&& x, const dialect& how);

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
    return !in_doubt_.empty();
  }

  /// The client has sent something, and with it what it acknowledges.
  void client_continued() {
    if (in_doubt_.size() >= few_in_doubt)
      forget_arrived();
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
  using position = session_peer::position;

  // One acquire request, and the way that it went.
  struct acquisition {
    std::string key;
    std::uint64_t ticket;
    bool by_lease;
    bool hold_connection;
  };
  struct doubtful {
    acquisition grant;
    position answer_end;
  };
  struct pending {
    pending(std::uint64_t ticket_, const dialect& how_, time_point answer_due_)
      : ticket(ticket_), how(&how_), answer_due(answer_due_) {
    }

    std::uint64_t ticket; // names the operation, whatever it is
    const dialect* how;
    time_point answer_due;
    asked what; // of an acquire, renew or release, else empty
    bool acquires = false;
    bool may_wait = false;
    std::string lease;
    bool hold_connection = false;
  };
  struct held {
    std::uint64_t ticket;
    asked what;
    time_point expires_at;
  };

  void do_submit(acquire_operation& x, const dialect& how);
  void do_submit(renew_request& x, const dialect& how);
  void do_submit(release_request& x, const dialect& how);
  void do_submit(check_request& x, const dialect& how);
  void do_submit(inspect_request& x, const dialect& how);
  void do_submit(list_request& x, const dialect& how);
  void do_submit(lease_create_request& x, const dialect& how);
  void do_submit(lease_renew_request& x, const dialect& how);
  void do_submit(lease_inspect_request& x, const dialect& how);
  void do_submit(lease_end_request& x, const dialect& how);
  void do_submit(server_info_operation, const dialect& how);
  void do_submit(readiness_operation, const dialect& how);
  void do_submit(shutdown_operation, const dialect& how);
  void do_submit(known_answer& x, const dialect& how);
  void do_submit(refusal& x, const dialect& how);

  pending& begin(const dialect& how, caf::timespan wait = {});
  bool is_pending(std::uint64_t ticket) const noexcept {
    return pending_ && pending_->ticket == ticket;
  }
  template <class Reply, class Actor, class Request>
  void ask(const Actor& whom, Request& x, const dialect& how);
  template <class Actor, class Request>
  void ask_to_acquire(const Actor& whom, Request&& x);
  void on_acquire_reply(std::uint64_t ticket, acquire_reply& x);
  void on_granted(acquire_reply& x);
  void on_renewed(const acquire_reply& x);
  void on_deadline();
  auto failed(std::uint64_t ticket);
  void on_failure(std::uint64_t ticket, const caf::error& what);

  template <class Reply>
  position finish(const Reply& x);
  position finish_acquire(const acquire_reply& x);
  void refuse(const refusal& x);
  acquisition take_pending_acquisition();
  void withdraw(const acquisition& x);
  template <class Message>
  void tell(const acquisition& x, Message message);
  time_point end_of(caf::timespan ttl);
  void forget_before(position arrived);
  void forget_arrived();
  bool has_room_to_hold();

  void on_released(const asked& what, bool all);

  io_thread& host_;
  server_context& context_;
  session_peer* peer_;
  wake_up wake_up_;
  std::optional<pending> pending_;
  std::string text_;                         // of the answer that is just being written
  std::vector<doubtful> in_doubt_;           // in the order of their answers
  std::size_t most_in_doubt_ = min_in_doubt; // before it is looked who has arrived
  std::vector<held> held_;                   // ends with the connection
};

} // namespace lockserver
