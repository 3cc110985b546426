// The session actor: turns the commands of one connection into messages to the
// registries, and their answers into lines. Knows the dialect's commands, but
// no bytes and no sockets.
#pragma once

#include "lockserver/actors.hpp"
#include "net/io_thread.hpp"
#include "net/lock_server_dialect.hpp"
#include "net/server_context.hpp"

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

  /// The answer to the command under way; written at the end of the turn.
  /// Returns where it ends.
  /// @param reason why it was refused, for the client; else empty.
  virtual position answer(int status, std::string_view body, std::string_view reason) = 0;

  /// What the client's system has certainly received.
  virtual position arrived() = 0;

  /// Whether the client is known to have gone, as of now.
  virtual bool client_is_gone() = 0;

  /// The client is gone before its answer: close.
  virtual void give_up() = 0;

  /// A deadline given to `session::wake_at` may have come.
  virtual void on_deadline() = 0;

protected:
  ~session_peer() = default;
};

/// Works off one command at a time. Runs on its connection's thread, where the
/// connection calls it directly; only answers of other actors come by message.
///
/// A granted LOCK stays "in doubt" until the client has shown that it lives on,
/// or its system has the answer and a second has passed. While it is, a broken
/// connection takes it back: a client that resets the connection within that
/// second has not read its answer.
class session final : public compat::pinned<session_actor::base> {
public:
  using time_point = timers::time_point;

  /// How long after a grant a broken connection still takes it back. Longer
  /// than a round trip, shorter than the idle time after which a load balancer
  /// between may reset the connection of a client that is alive.
  static constexpr auto doubt = std::chrono::seconds{1};

  /// A client that never pauses shows nothing. From so many grants on, they are
  /// looked through, each time they have doubled.
  static constexpr std::size_t min_in_doubt = 64;

  session(caf::actor_config& cfg, io_thread& host, server_context& context, session_peer& peer);

  behavior_type make_behavior() override;

  const char* name() const override {
    return "session";
  }

  void on_exit() override;

  // -- for the connection -----------------------------------------------------

  /// Carries out `x`: one call of `session_peer::answer` follows, perhaps
  /// before this returns. @pre no command is under way
  void submit(command x);

  /// Answers the command under way with no if it is a LOCK that waits.
  void refuse_wait();

  /// The client cannot be watched any more: a LOCK under way ends its wait.
  void end_wait();

  /// Whether a LOCK that may take long is under way.
  bool waits() const noexcept {
    return pending_ && pending_->may_wait;
  }

  /// Whether a grant has been given to `answer` that may not have arrived.
  bool in_doubt() const noexcept {
    return !in_doubt_.empty();
  }

  /// The client has gone on after its answers: no grant is in doubt any more.
  void client_continued() noexcept {
    in_doubt_.clear();
  }

  /// The connection broke: takes back every grant in doubt.
  void connection_broke();

  /// The connection is closed: takes back the command under way, and ends.
  /// The peer is not called any more.
  void connection_closed();

  /// Sees to it that `session_peer::on_deadline` is called at `due` or before.
  void wake_at(time_point due) {
    wake_up_.no_later_than(due);
  }

private:
  using position = session_peer::position;

  struct grant_ref {
    std::string key;
    std::uint64_t ticket;
  };
  struct doubtful {
    grant_ref grant;
    time_point since;
    position answer_end;
  };
  struct pending {
    std::string key; // of a LOCK, else empty
    std::uint64_t ticket;
    bool may_wait;
    time_point answer_due;
  };

  void lock(command& x);
  template <class Request>
  void ask(Request x);
  void begin(pending x);
  void on_lock_reply(std::uint64_t ticket, const acquire_reply& x);
  void on_failure(std::uint64_t ticket, const caf::error& what);
  position finish(int status, std::string_view body, std::string_view reason = {});
  void forget_arrived();
  void withdraw(grant_ref x);
  void refuse_pending(int status, std::string_view reason);

  server_context& context_;
  session_peer* peer_;
  wake_up wake_up_;
  std::optional<pending> pending_;
  std::vector<doubtful> in_doubt_;
  std::size_t most_in_doubt_ = min_in_doubt; // before it is looked who has arrived
};

} // namespace lockserver
