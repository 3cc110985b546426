// The HTTP of one client: reads requests, writes answers in their order,
// watches the socket, and closes it in time. Knows nothing of locks; what a
// request means is the session's business.
#pragma once

#include "net/http/request_body.hpp"
#include "net/http/request_head.hpp"
#include "net/http/transport.hpp"
#include "net/io/io_thread.hpp"
#include "net/session/server_context.hpp"
#include "net/session/session.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/intrusive/list.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace lockserver {

using connection_hook
  = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
using handshake_hook
  = boost::intrusive::list_base_hook<boost::intrusive::tag<struct in_handshake>,
                                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// One client's connection, on one I/O thread for all its life. Keeps itself
/// alive while anything is under way on the socket.
///
/// Life: it is `open` until the last answer is written (or there will be
/// none), then `draining`: our side is closed, what still arrives is thrown
/// away, until the client closes too. Closing at once would make the system
/// reset the connection, and the reset could overtake the answer.
class connection final : public std::enable_shared_from_this<connection>,
                         public connection_hook,
                         public handshake_hook,
                         public session_peer,
                         public io_thread::task {
public:
  using tcp = boost::asio::ip::tcp;
  using time_point = timers::time_point;

  /// Counts itself in the context, until it is closed.
  /// @param peer the client's address.
  /// @param surplus there are too many connections: serve one request, if it wants
  ///        no lock.
  connection(std::unique_ptr<transport> wire, const boost::asio::ip::address& peer, io_thread& host,
             server_context& context, bool surplus);
  ~connection();

  /// Starts to serve. On the connection's thread, as all that follows.
  void start(caf::actor_system& sys);

  /// Whether HTTP goes through, see `transport::is_open`.
  bool is_open() const noexcept {
    return wire_->is_open();
  }

  /// Refuses what waits, finishes what is under way, then closes.
  void finish();

  /// Closes now, whatever is under way.
  void abort();

  /// The access rules or the TLS files have changed: refuses what waits, if it may not any
  /// more.
  void access_changed();

  // -- session_peer -----------------------------------------------------------

  position answer(const http_content& x) override;
  position arrived() override;
  position may_have_arrived() override;
  bool client_is_gone() override;
  std::string address() const override;
  void give_up() noexcept override;
  void on_deadline() override;

  // -- io_thread::task --------------------------------------------------------

  void end_turn() override;

private:
  // Does `f` in one turn. An exception ends the connection, and nothing else.
  template <class F>
  void guard(F f) noexcept;

  // While so much waits behind a LOCK that nothing is read, the socket does not
  // tell when the client goes: it is looked at this often.
  static constexpr auto look_interval = std::chrono::seconds{1};

  enum class phase : std::uint8_t { open, draining, closed };

  // Reading.
  void do_wait_readable();
  void on_readable(const boost::system::error_code& ec);
  void on_drained(boost::system::error_code ec);
  void on_opened();
  void on_failed_read(const boost::system::error_code& ec);
  void on_input(std::string_view data);
  void do_watch();
  void on_end_of_input();

  // Serving what was read.
  void serve_received();
  bool has_room() const noexcept;
  void begin_clock();
  bool may_serve() const noexcept;
  void plan_share();
  std::size_t serve(std::string_view input);
  std::size_t serve_head(std::string_view input);
  std::size_t serve_body(std::string_view input);
  std::optional<refusal> refuse_client(const request_head& head) const;
  void audit(const refusal& x) const;
  void begin_body(const http_request& x, const dialect& how, bool client_waits);
  void answer_continue();
  void plan_flush();
  void serve_request(const http_request& x, const authorization_field& credentials,
                     const dialect& how);
  void refuse(const dialect& how, refusal&& x);
  void refuse_broken(const head_error& x, std::string_view target);
  void refuse_and_close(const dialect& how, refusal&& x);

  // Writing.
  void do_flush();
  void do_wait_writable();
  void after_flush();
  bool nothing_to_write() const noexcept;
  bool nothing_to_do() const noexcept;
  void on_untaken();
  void count_untaken() noexcept;
  void abandon();
  bool takes_enough();

  // Ending.
  tcp::socket& socket() noexcept {
    return wire_->socket();
  }
  void do_drain();
  void await_delivery();
  bool closed_before_reset();
  void await_acknowledgement();
  position arrived_on_wire();
  position all_but(unsigned long queue, position unknown);
  void on_broken() noexcept;
  void close() noexcept;
  void count_off() noexcept;

  void set_deadline(timers::time_point::duration from_now);

  io_thread& host_;
  server_context& context_;
  const std::unique_ptr<transport> wire_;
  const boost::asio::ip::address peer_;
  address_counts::ticket place_; // among the connections of this address
  const bool is_private_;        // see `arrival`
  caf::strong_actor_ptr session_handle_;
  session* session_ = nullptr;       // behind the handle
  std::shared_ptr<connection> self_; // until closed

  head_reader reader_;
  std::unique_ptr<body_reader> body_; // of the request that is just arriving
  std::string input_;                 // received, but not yet all served
  std::size_t served_ = 0;            // of `input_`
  std::string output_;                // answered, but not yet written
  std::size_t written_ = 0;           // of `output_`
  position sent_ = 0;       // all that was ever written, `written_` included; HTTP's bytes
  std::size_t drained_ = 0; // bytes thrown away
  boost::system::error_code failure_; // of the socket
  std::size_t counted_ = 0;           // of `output_`, in `server_context::untaken`
  std::size_t share_ = 0;             // requests served in this turn

  // Of the request under way:
  http_version version_ = http_version::v1_1;
  bool keep_alive_ = true;
  bool is_head_ = false;

  phase phase_ = phase::open;
  bool busy_ = false;            // a request waits for its answer
  bool last_answer_ = false;     // no request after this one
  bool end_of_input_ = false;    // the client sends no more
  bool ignores_resets_ = false;  // those of a client that is there
  bool end_sent_ = false;        // nor do we, which has its place behind `sent_`
  bool reading_ = false;         // waits until the socket has input
  bool writing_ = false;         // waits until the socket takes output
  bool flush_planned_ = false;   // at the end of the turn
  bool serving_ = false;         // `serve` runs further up the stack
  bool request_started_ = false; // its first bytes are there, but not all
  bool share_planned_ = false;   // what is left of `input_` has its turn later
  bool surplus_;
  bool is_counted_ = true; // in the context
  // While the client does not take its answers: what had arrived of the wire's bytes when
  // it began not to, or when it had last taken enough.
  std::optional<position> untaken_since_;
  time_point deadline_ = time_point::max();
  time_point drain_until_{};
};

/// The connections of one thread. They leave it by themselves.
struct connection_list {
  boost::intrusive::list<connection, boost::intrusive::base_hook<connection_hook>,
                         boost::intrusive::constant_time_size<false>>
    all;
  /// Those that are not open, in the order in which they came.
  boost::intrusive::list<connection, boost::intrusive::base_hook<handshake_hook>,
                         boost::intrusive::constant_time_size<false>>
    in_handshake;
};

template <class F>
void connection::guard(F f) noexcept {
  io_thread::turn turn{host_};
  auto alive = shared_from_this();
  try {
    f();
  } catch (...) {
    log_exception(context_.log, "connection");
    if (phase_ != phase::closed)
      on_broken();
  }
}

} // namespace lockserver
