// How a connection ends, in whatever way: in order, broken, or too slow.
#include "net/connection.hpp"

#include <boost/asio/buffer.hpp>

#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/sockios.h>

#include <algorithm>
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

} // namespace

void connection::do_drain() {
  if (std::exchange(phase_, phase::draining) == phase::open) {
    error_code ec;
    socket_.shutdown(tcp::socket::shutdown_send, ec);
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
  auto all_arrived = !session_->in_doubt() || arrived() == sent_;
  if (!all_arrived && tcp_state(socket_) == TCP_CLOSE)
    return on_broken();
  // After that it just reads slowly; the system goes on sending.
  auto over = host_.turn_time() >= drain_until_;
  if (all_arrived || over)
    close();
  else
    set_deadline(delivery_interval);
}

connection::position connection::arrived() {
  int unacknowledged = 0;
  if (ioctl(socket_.native_handle(), SIOCOUTQ, &unacknowledged) != 0)
    return 0;
  // Our closing of the connection counts as a byte, the last.
  if (phase_ == phase::draining && unacknowledged > 0)
    --unacknowledged;
  return sent_ - std::min(sent_, static_cast<position>(unacknowledged));
}

void connection::on_broken() {
  session_->connection_broke();
  close();
}

void connection::close() {
  if (std::exchange(phase_, phase::closed) == phase::closed)
    return;
  error_code ec;
  socket_.close(ec);
  context_.untaken -= counted_;
  unlink();
  session_->connection_closed();
  session_handle_ = nullptr;
  session_ = nullptr;
  if (--context_.connections == 0)
    context_.on_last_connection_closed();
  self_.reset(); // the caller still has a reference
}

bool connection::client_is_gone() {
  char c = 0;
  error_code ec;
  auto size = socket_.receive(asio::buffer(&c, 1), tcp::socket::message_peek, ec);
  early_input_ = 0;
  if (ec == asio::error::would_block)
    return false;
  if (size == 0)
    return true;
  // The end may be behind what is still to be read. And that does not show
  // later that the client has read a grant which it gets only now.
  early_input_ = socket_.available(ec);
  return tcp_state(socket_) != TCP_ESTABLISHED;
}

void connection::give_up() {
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
    on_broken(); // what it has not taken by now, it does not get
  else
    close();
}

bool connection::takes_enough() {
  if (!untaken_since_)
    return false;
  auto now = arrived();
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
