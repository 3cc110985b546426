// How a connection ends, in whatever way: in order, broken, or too slow.
#include "net/http/connection.hpp"

#include "net/http/wire_queue.hpp"

#include <boost/asio/buffer.hpp>

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <linux/filter.h>
#include <linux/sockios.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

namespace lockserver {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// How long a connection is read after its last answer, for the answer to arrive
// before the connection is torn down.
constexpr auto drain_time = std::chrono::seconds{1};

// Meanwhile, how often it is looked whether a grant has arrived.
constexpr auto delivery_interval = std::chrono::milliseconds{10};

// A client that takes its answers more slowly than this, in bytes a second, is as good
// as one that does not: the slowest of mobile networks are ten times as fast, and a
// longest answer is taken within five minutes.
constexpr std::size_t least_rate = 1024;

// How far the connection is from its end, whatever is still to be read of it.
int tcp_state(connection::tcp::socket& socket) {
  tcp_info info{};
  socklen_t length = sizeof(info);
  if (getsockopt(socket.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &length) != 0)
    return TCP_CLOSE;
  return info.tcpi_state;
}

// Sends nothing more that has not been sent yet, neither now nor when the socket
// is closed: it hears nothing any more, so that there is no room to send, and the
// close drops the rest. Returns whether it succeeded.
bool stop_sending(connection::tcp::socket& socket) {
  auto fd = socket.native_handle();
  sock_filter drop_all = BPF_STMT(BPF_RET | BPF_K, 0);
  sock_fprog program{1, &drop_all};
  linger at_once{1, 0};
  return setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)) == 0
         && setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0;
}

} // namespace

void connection::do_drain() {
  if (std::exchange(phase_, phase::draining) == phase::open) {
    error_code ec;
    // Without an answer the client still has to be told in the transport's own way.
    wire_->write({}, true, ec);
    socket().shutdown(tcp::socket::shutdown_send, ec);
    end_sent_ = !ec;
    drain_until_ = host_.turn_time() + drain_time;
    set_deadline(drain_time);
  }
  if (end_of_input_)
    await_delivery();
  else
    do_wait_readable();
}

// The client has closed, but it may not have got its grant: if it closed
// before, the answer makes its system reset the connection. With both sides
// closed the socket tells of nothing by itself, so it is looked at.
void connection::await_delivery() {
  auto all_arrived = !session_->in_doubt() || arrived_on_wire() == wire_->sent();
  if (!all_arrived && tcp_state(socket()) == TCP_CLOSE)
    return on_broken();
  // After that it just reads slowly; the system goes on sending.
  auto over = host_.turn_time() >= drain_until_;
  if (all_arrived || over)
    close();
  else
    set_deadline(delivery_interval);
}

connection::position connection::arrived() {
  return wire_->readable_in(arrived_on_wire());
}

connection::position connection::arrived_on_wire() {
  return all_but(SIOCOUTQ, 0);
}

// A reset says nothing about what has arrived: the system ignores what it
// acknowledges, and the client's acknowledges an answer up to 200 ms late. So
// what has left this machine may have been read, with one exception. The first
// bytes that a client gets are acknowledged at once: if none are, and the client
// had closed its side before the reset, it closed before they came. (With TLS the first
// bytes are those of the handshake, so that nothing is known of what follows.)
connection::position connection::may_have_arrived() {
  auto over = tcp_state(socket()) == TCP_CLOSE;
  if (over && arrived_on_wire() == 0 && closed_before_reset())
    return 0;
  auto all = wire_->sent();
  // If it cannot be kept from sending, all of it may arrive.
  if (all_but(SIOCOUTQNSD, all) == all || (!over && !stop_sending(socket())))
    return wire_->readable_in(all);
  return wire_->readable_in(all_but(SIOCOUTQNSD, all));
}

// The client has closed its side, and may read its grant and reset the connection at
// once. On a busy machine the reset can overtake the acknowledgement that its system has
// sent before, and then nothing would tell that the grant has arrived. Such a reset bears
// ACK; that of a system whose client is gone does not (RFC 9293, 3.10.7.1). So the first
// kind is not let in any more, and the acknowledgement decides.
void connection::await_acknowledgement() {
  if (std::exchange(ignores_resets_, true))
    return;
  constexpr unsigned flags = 13; // their place in the head of a segment
  constexpr unsigned rst_ack = 0x14;
  sock_filter program[] = {
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, flags),
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, rst_ack),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, rst_ack, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, 0),
    BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
  };
  sock_fprog all{std::size(program), program};
  setsockopt(socket().native_handle(), SOL_SOCKET, SO_ATTACH_FILTER, &all, sizeof(all));
}

// Of a connection that was reset, perhaps: whether the client had closed its side
// before. The system tells the two kinds of reset apart by their errors.
bool connection::closed_before_reset() {
  auto error = failure_.value();
  socklen_t length = sizeof(error);
  if (error == 0)
    getsockopt(socket().native_handle(), SOL_SOCKET, SO_ERROR, &error, &length);
  return error == EPIPE || (end_of_input_ && error == ECONNRESET);
}

// Of the wire's bytes, all that the system has taken but for what is in that queue.
connection::position connection::all_but(unsigned long queue, position unknown) {
  auto left = bytes_in(queue, socket());
  if (!left)
    return unknown;
  // Our closing of the connection counts as a byte, the last.
  if (end_sent_ && *left > 0)
    --*left;
  return wire_->sent() - std::min<position>(wire_->sent(), *left);
}

void connection::on_broken() noexcept {
  try {
    if (session_ != nullptr)
      session_->connection_broke();
  } catch (...) { // what is not taken back ends by its time
    log_exception(context_.log, "connection");
  }
  close();
}

void connection::close() noexcept {
  if (std::exchange(phase_, phase::closed) == phase::closed)
    return;
  error_code ec;
  socket().close(ec);
  context_.untaken -= counted_;
  connection_hook::unlink();
  handshake_hook::unlink();
  try {
    if (session_ != nullptr)
      session_->connection_closed();
  } catch (...) { // as above
    log_exception(context_.log, "connection");
  }
  session_handle_ = nullptr;
  session_ = nullptr;
  count_off();
  self_.reset(); // the caller still has a reference
}

void connection::count_off() noexcept {
  place_ = {};
  if (std::exchange(is_counted_, false) && --context_.connections == 0)
    context_.on_last_connection_closed();
}

bool connection::client_is_gone() {
  if (end_of_input_) // said by TLS, perhaps, and not by TCP yet
    return true;
  char c = 0;
  error_code ec;
  auto size = socket().receive(asio::buffer(&c, 1), tcp::socket::message_peek, ec);
  if (ec == asio::error::would_block)
    return false;
  if (ec != asio::error::eof)
    failure_ = ec;
  // The end may be behind what is still to be read.
  return size == 0 || tcp_state(socket()) != TCP_ESTABLISHED;
}

void connection::give_up() noexcept {
  auto alive = self_;
  on_broken();
}

void connection::on_deadline() {
  if (phase_ == phase::closed)
    return;
  if (host_.turn_time() < deadline_) {
    if (deadline_ != time_point::max())
      session_->wake_at(deadline_);
    return;
  }
  if (busy_ && !writing_ && session_->waits() && !client_is_gone())
    return set_deadline(look_interval);
  if (phase_ == phase::open && takes_enough())
    return set_deadline(context_.config.write_timeout);
  auto alive = self_;
  if (phase_ == phase::draining && end_of_input_)
    await_delivery();
  else if (phase_ == phase::open)
    abandon();
  else
    close();
}

// What it has not taken by now, it does not get: else the system would go on sending
// for as long as the client takes a byte now and then.
void connection::abandon() {
  if (!nothing_to_write()) {
    linger at_once{1, 0};
    setsockopt(socket().native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  }
  on_broken();
}

bool connection::takes_enough() {
  if (!untaken_since_)
    return false;
  auto now = arrived_on_wire();
  using seconds = std::chrono::duration<double>;
  auto least = static_cast<double>(least_rate) * seconds{context_.config.write_timeout}.count();
  if (static_cast<double>(now - *untaken_since_) < least)
    return false;
  untaken_since_ = now;
  return true;
}

void connection::set_deadline(timers::time_point::duration from_now) {
  deadline_ = host_.turn_time() + from_now;
  session_->wake_at(deadline_);
}

} // namespace lockserver
