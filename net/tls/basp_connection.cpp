#include "net/tls/basp_connection.hpp"

#include <caf/io/middleman.hpp>
#include <caf/policy/tcp.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>

namespace lockserver {

namespace network = caf::io::network;

basp_connection::multiplexer& basp_connection::multiplexer_of(caf::actor_system& sys) {
  return dynamic_cast<multiplexer&>(sys.middleman().backend());
}

basp_connection::basp_connection(multiplexer& mx, native_socket fd, std::optional<tls_session> tls)
  : scribe(network::conn_hdl_from_socket(fd)),
    stream_(mx, fd, transport{*this}),
    tls_(std::move(tls)),
    open_(!tls_) {
}

void basp_connection::configure_read(caf::io::receive_policy::config config) {
  stream_.configure_read(config);
  if (std::exchange(launched_, true))
    return;
  stream_.start(this);
  // A client has to begin with the handshake.
  if (tls_)
    stream_.force_empty_write(this);
}

// The stream gets nothing to write before it can be written: it would try again and
// again.
void basp_connection::flush() {
  if (!open_ && tls_->established()) {
    open_ = true;
    stream_.wr_buf().swap(early_);
  }
  if (open_)
    stream_.flush(this);
}

void basp_connection::graceful_shutdown() {
  stream_.graceful_shutdown();
  detach(&stream_.backend(), false);
}

void basp_connection::close() {
  detach(&stream_.backend(), true);
  break_connection(); // what is being written
  stream_.passivate();
}

void basp_connection::break_connection() noexcept {
  ::shutdown(stream_.fd(), SHUT_RDWR);
}

std::string basp_connection::addr() const {
  auto x = network::remote_addr_of_fd(stream_.fd());
  return x ? *x : std::string{};
}

std::uint16_t basp_connection::port() const {
  auto x = network::remote_port_of_fd(stream_.fd());
  return x ? *x : std::uint16_t{0};
}

namespace {

// Of OpenSSL's writing. The thread is the middleman's, which has no use for it.
bool block_sigpipe() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  return pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0;
}

} // namespace

network::rw_state basp_connection::transport::read_some(std::size_t& n, native_socket fd,
                                                        void* data, std::size_t size) {
  auto& tls = owner.tls_;
  if (!tls)
    return caf::policy::tcp::read_some(n, fd, data, size);
  auto ok = tls->read(data, size, n);
  if (!owner.open_)
    owner.flush();
  return ok ? network::rw_state::success : network::rw_state::failure;
}

network::rw_state basp_connection::transport::write_some(std::size_t& n, native_socket fd,
                                                         const void* data, std::size_t size) {
  auto& tls = owner.tls_;
  if (!tls)
    return caf::policy::tcp::write_some(n, fd, data, size);
  static thread_local bool blocked = block_sigpipe();
  static_cast<void>(blocked);
  auto ok = size > 0 ? tls->write(data, size, n) : tls->shake_hands(n);
  if (!ok)
    return network::rw_state::failure;
  return size > 0 ? network::rw_state::success : network::rw_state::indeterminate;
}

bool basp_connection::transport::must_read_more(native_socket, std::size_t threshold) {
  return owner.tls_ && owner.tls_->pending() >= threshold;
}

void limit_silence(int fd, std::chrono::milliseconds time) noexcept {
  auto set = [fd](int level, int option, int value) {
    setsockopt(fd, level, option, &value, sizeof(value));
  };
  auto seconds = std::max(1, static_cast<int>(time.count() / 3000));
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(time.count())); // for what is not taken
  set(SOL_SOCKET, SO_KEEPALIVE, 1);                                   // where nothing is under way
  set(IPPROTO_TCP, TCP_KEEPIDLE, seconds);
  set(IPPROTO_TCP, TCP_KEEPINTVL, seconds);
  set(IPPROTO_TCP, TCP_KEEPCNT, 2);
}

} // namespace lockserver
