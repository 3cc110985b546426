#include "net/http/listener.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include <spdlog/logger.h>

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace lockserver {

namespace {

using boost::system::error_code;

// Beyond `max_connections`, so many more may ask for anything but locks; the rest is
// closed.
constexpr std::size_t max_surplus = 64;

// Connections accepted before others have their turn.
constexpr std::size_t max_accepts = 64;

// Handshakes at a time that a thread has begun and not ended. An honest one takes two
// round trips: these are thousands of new clients a second, while each that is silent for
// as long as it may be costs 20 KB.
constexpr std::size_t max_handshakes = 256;

// When accepting fails for want of something, until it is tried again.
constexpr auto accept_pause = std::chrono::milliseconds{100};

// A client whose machine is gone sends no end of its connection. The system
// notices after 15 s + 3 * 5 s, and its LOCK leaves the queue.
constexpr int keepalive_idle = 15;
constexpr int keepalive_interval = 5;
constexpr int keepalive_probes = 3;

// Accepted sockets inherit these options, which saves system calls for each.
void set_inherited_options(int socket) {
  auto set = [socket](int level, int name, int value) {
    setsockopt(socket, level, name, &value, sizeof(value));
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, keepalive_idle);
  set(IPPROTO_TCP, TCP_KEEPINTVL, keepalive_interval);
  set(IPPROTO_TCP, TCP_KEEPCNT, keepalive_probes);
}

double seconds(recurring_failure::clock::duration x) {
  return std::chrono::duration<double>{x}.count();
}

} // namespace

listener::listener(io_scheduler& threads, server_context& context,
                   std::vector<connection_list>& lists, transport_maker make)
  : threads_(threads),
    context_(context),
    lists_(lists),
    make_(std::move(make)),
    acceptor_(threads.thread(0).context()),
    pause_(threads.thread(0).context()) {
}

error_code listener::open(const tcp::endpoint& where) {
  error_code ec;
  protocol_ = where.protocol();
  acceptor_.open(protocol_, ec);
  if (!ec)
    acceptor_.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec)
    acceptor_.bind(where, ec);
  if (!ec) {
    set_inherited_options(acceptor_.native_handle());
    acceptor_.native_non_blocking(true, ec);
  }
  if (!ec) {
    acceptor_.listen(boost::asio::socket_base::max_listen_connections, ec);
  }
  if (!ec)
    port_ = acceptor_.local_endpoint(ec).port();
  if (ec) {
    error_code ignored;
    acceptor_.close(ignored);
  }
  return ec;
}

void listener::start(caf::actor_system& sys) {
  system_ = &sys;
  boost::asio::post(acceptor_.get_executor(), [self = shared_from_this()] { self->do_accept(); });
}

void listener::close() {
  error_code ec;
  acceptor_.close(ec);
  pause_.cancel();
}

void listener::do_accept() {
  try {
    acceptor_.async_wait(tcp::acceptor::wait_read,
                         [self = shared_from_this()](const error_code&) { self->on_acceptable(); });
  } catch (...) {
    log_exception(context_.log, "listener");
    accept_later();
  }
}

void listener::accept_later() {
  pause_.expires_after(accept_pause);
  pause_.async_wait([self = shared_from_this()](const error_code& stopped) {
    if (!stopped)
      self->do_accept();
  });
}

void listener::on_acceptable() {
  for (std::size_t i = 0; i < max_accepts && acceptor_.is_open(); ++i) {
    tcp::endpoint peer;
    auto size = static_cast<socklen_t>(peer.capacity());
    auto fd = accept4(acceptor_.native_handle(), peer.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    auto error = errno;
    if (fd >= 0) {
      if (auto x = trouble_.succeeded(recurring_failure::clock::now()))
        context_.log.info("connections are accepted again: that had failed {} times in {:.0f}s",
                          x->failures, seconds(x->lasted));
      peer.resize(size);
      serve(fd, peer.address());
    } else if (error == EAGAIN || error == EWOULDBLOCK) {
      break;
    } else if (error != EINTR && error != ECONNABORTED) {
      if (auto x = trouble_.failed(recurring_failure::clock::now()))
        context_.log.warn("cannot accept connections: {} (tried {} times in {:.0f}s)",
                          std::error_code{error, std::generic_category()}.message(), x->failures,
                          seconds(x->lasted));
      // Out of file descriptors or memory: others must close first.
      return accept_later();
    }
  }
  if (acceptor_.is_open())
    do_accept();
}

// Not by Asio, which loses the acceptor's way when it has no memory.
void listener::serve(int fd, const boost::asio::ip::address& peer) {
  auto taken = false;
  try {
    auto thread = next_++ % threads_.size();
    tcp::socket socket{threads_.thread(thread).context()};
    error_code ec;
    socket.assign(protocol_, fd, ec);
    taken = !ec;
    if (taken)
      serve(std::move(socket), peer, thread);
  } catch (...) {
    log_exception(context_.log, "listener");
  }
  if (!taken)
    ::close(fd);
}

void listener::serve(tcp::socket socket, const boost::asio::ip::address& peer, std::size_t thread) {
  auto count = context_.connections.load();
  auto most = context_.config.max_connections;
  note_crowd(count >= most);
  if (count >= most + max_surplus)
    return;
  error_code ignored;
  socket.non_blocking(true, ignored);
  auto& host = threads_.thread(thread);
  auto x = std::make_shared<connection>(make_(std::move(socket)), peer, host, context_,
                                        count >= most);
  auto begin = [this, x = std::move(x), thread] {
    lists_[thread].all.push_back(*x);
    if (!x->is_open())
      begin_handshake(*x, lists_[thread]);
    x->start(*system_);
    if (context_.stopping)
      x->abort();
  };
  boost::asio::dispatch(host.context(), std::move(begin));
}

// The oldest gives way: it is the least likely to be a client.
void listener::begin_handshake(connection& x, connection_list& list) {
  if (list.in_handshake.size() >= max_handshakes)
    list.in_handshake.front().shared_from_this()->abort();
  list.in_handshake.push_back(x);
}

void listener::note_crowd(bool is_crowd) {
  auto now = recurring_failure::clock::now();
  if (is_crowd) {
    if (auto x = crowd_.failed(now))
      context_.log.warn("too many connections: {} are the most ({} more came in {:.0f}s)",
                        context_.config.max_connections, x->failures, seconds(x->lasted));
  } else if (auto x = crowd_.succeeded(now)) {
    context_.log.info("all connections are served again: {} had been too many in {:.0f}s",
                      x->failures, seconds(x->lasted));
  }
}

} // namespace lockserver
