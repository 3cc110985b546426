#include "net/remote/guarded_port.hpp"

#include <caf/io/basp/message_type.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/doorman_impl.hpp>
#include <caf/io/network/stream_impl.hpp>
#include <caf/io/scribe.hpp>
#include <caf/policy/tcp.hpp>

#include <spdlog/logger.h>

#include <pthread.h>
#include <signal.h>

#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace lockserver {

namespace {

namespace network = caf::io::network;

class guarded_scribe;

// What doorman and scribes of one port share. They live on the middleman's
// thread.
struct guard {
  std::size_t max_connections;
  std::optional<tls_context> tls; // none: plain
  spdlog::logger& log;
  std::size_t connections = 0;
  bool closing = false;
  // Those that have sent no handshake yet, the oldest first.
  std::list<guarded_scribe*> strangers{};

  guard(std::size_t most, std::optional<tls_context> context, spdlog::logger& logger)
    : max_connections(most), tls(std::move(context)), log(logger) {
  }

  // One line a second is enough, however many knock.
  void report(const std::string& peer, const std::string& what) {
    auto now = std::chrono::steady_clock::now();
    if (now < next_line_) {
      ++unsaid_;
      return;
    }
    log.warn("CAF peer {}: peer={} CAF here={} others like it before={}", what, peer,
             compat::version(), std::exchange(unsaid_, 0));
    next_line_ = now + std::chrono::seconds{1};
  }

private:
  std::chrono::steady_clock::time_point next_line_{};
  std::size_t unsaid_ = 0;
};

// Reads and writes for the stream of a scribe.
struct channel {
  guarded_scribe& owner;

  network::rw_state read_some(std::size_t& n, network::native_socket fd, void* data,
                              std::size_t size);
  network::rw_state write_some(std::size_t& n, network::native_socket fd, const void* data,
                               std::size_t size);
  bool must_read_more(network::native_socket fd, std::size_t threshold);
};

// One connection. CAF calls it a scribe, and its port a doorman.
class guarded_scribe final : public caf::io::scribe {
public:
  guarded_scribe(network::default_multiplexer& mx, network::native_socket fd,
                 std::shared_ptr<guard> guard)
    : scribe(network::conn_hdl_from_socket(fd)),
      guard_(std::move(guard)),
      stream_(mx, fd, channel{*this}),
      peer_(addr() + ":" + std::to_string(port())) {
    if (guard_->tls)
      tls_.emplace(*guard_->tls, fd);
    ++guard_->connections;
    place_ = guard_->strangers.insert(guard_->strangers.end(), this);
  }

  ~guarded_scribe() override {
    --guard_->connections;
    // With TLS a client first looks whether there is anyone.
    auto silent = tls_ && !tls_->heard();
    if (wrong_.empty() && !known_ && !guard_->closing && !silent)
      wrong_ = tls_ && !tls_->failure().empty()
                 ? "has no TLS with us: " + tls_->failure()
                 : "left before it introduced itself, as a node of another CAF version does";
    if (!known_)
      guard_->strangers.erase(place_);
    if (!wrong_.empty())
      guard_->report(peer_, wrong_);
  }

  // -- what the broker tells it --------------------------------------------------

  void configure_read(caf::io::receive_policy::config config) override {
    stream_.configure_read(config);
    if (!std::exchange(launched_, true))
      stream_.start(this);
  }

  void ack_writes(bool enable) override {
    stream_.ack_writes(enable);
  }

  auto wr_buf() -> decltype(std::declval<caf::io::scribe&>().wr_buf()) override {
    return stream_.wr_buf();
  }

  auto rd_buf() -> decltype(std::declval<caf::io::scribe&>().rd_buf()) override {
    return stream_.rd_buf();
  }

  // Without a peer that is known, writing would only be tried again and again.
  void flush() override {
    if (!tls_ || tls_->established())
      stream_.flush(this);
  }

  void graceful_shutdown() override {
    stream_.graceful_shutdown();
    detach(&stream_.backend(), false);
  }

  void add_to_loop() override {
    stream_.activate(this);
  }

  void remove_from_loop() override {
    stream_.passivate();
  }

  std::string addr() const override {
    auto x = network::remote_addr_of_fd(stream_.fd());
    return x ? *x : std::string{};
  }

  std::uint16_t port() const override {
    auto x = network::remote_port_of_fd(stream_.fd());
    return x ? *x : std::uint16_t{0};
  }

  // -- what the doorman tells it -------------------------------------------------

  void give_way() {
    wrong_ = "was silent until another needed its place";
    detach(&stream_.backend(), true);
    stream_.passivate();
  }

  // -- what the stream tells it --------------------------------------------------

  // A head, or the payload that it has announced.
  bool consume(compat::execution_context* context, const void* data, std::size_t size) override {
    if (std::exchange(payload_follows_, false))
      introduces_ = !known_;
    else
      check_head(static_cast<const unsigned char*>(data));
    auto go_on = wrong_.empty() && scribe::consume(context, data, size);
    if (!wrong_.empty())
      detach(context, true); // tells the broker
    if (!go_on || detached())
      return false; // closes the connection
    if (std::exchange(introduces_, false)) {
      known_ = true;
      guard_->strangers.erase(place_);
    }
    return true;
  }

  network::rw_state read_some(std::size_t& n, network::native_socket fd, void* data,
                              std::size_t size) {
    if (!tls_)
      return caf::policy::tcp::read_some(n, fd, data, size);
    auto before = tls_->established();
    auto ok = tls_->read(data, size, n);
    if (!before && tls_->established())
      flush();
    return ok ? network::rw_state::success : network::rw_state::failure;
  }

  network::rw_state write_some(std::size_t& n, network::native_socket fd, const void* data,
                               std::size_t size) {
    if (!tls_)
      return caf::policy::tcp::write_some(n, fd, data, size);
    return tls_->write(data, size, n) ? network::rw_state::success : network::rw_state::failure;
  }

  bool must_read_more(std::size_t threshold) const {
    return tls_ && tls_->pending() >= threshold;
  }

private:
  // What CAF takes on trust: it would allocate what a head announces, and it
  // crashes for a handshake without a payload.
  void check_head(const unsigned char* head) {
    using caf::io::basp::message_type;
    auto what = static_cast<message_type>(head[0]);
    std::uint32_t length = 0; // the fifth byte and three more, the highest first
    for (int i = 4; i < 8; ++i)
      length = length << 8 | head[i];
    auto most = known_ ? max_basp_payload : max_basp_handshake;
    if (!known_ && what != message_type::client_handshake)
      wrong_ = "does not begin with a handshake of CAF";
    else if (what == message_type::server_handshake
             || (what == message_type::client_handshake && length == 0))
      wrong_ = "sent a handshake that is none";
    else if (length > most)
      wrong_ = "announced a message of " + std::to_string(length) + " bytes, "
               + std::to_string(most) + " are the most";
    payload_follows_ = length > 0;
  }

  std::shared_ptr<guard> guard_;
  network::stream_impl<channel> stream_;
  std::optional<tls_session> tls_; // uses the stream's socket
  bool launched_ = false;
  std::string peer_;
  std::string wrong_; // what it did, for the log
  std::list<guarded_scribe*>::iterator place_;
  bool payload_follows_ = false;
  bool introduces_ = false; // by the payload that is there now
  bool known_ = false;
};

network::rw_state channel::read_some(std::size_t& n, network::native_socket fd, void* data,
                                     std::size_t size) {
  return owner.read_some(n, fd, data, size);
}

network::rw_state channel::write_some(std::size_t& n, network::native_socket fd, const void* data,
                                      std::size_t size) {
  return owner.write_some(n, fd, data, size);
}

bool channel::must_read_more(network::native_socket, std::size_t threshold) {
  return owner.must_read_more(threshold);
}

class guarded_doorman final : public network::doorman_impl {
public:
  guarded_doorman(network::default_multiplexer& mx, network::native_socket fd,
                  std::shared_ptr<guard> guard)
    : doorman_impl(mx, fd), guard_(std::move(guard)) {
  }

  bool new_connection() override {
    auto fd = acceptor_.accepted_socket();
    if (detached() || !make_room()) {
      network::close_socket(fd);
      return !detached();
    }
    block_sigpipe();
    auto& mx = acceptor_.backend();
    network::keepalive(fd, true);
    auto scribe = caf::make_counted<guarded_scribe>(mx, fd, guard_);
    auto handle = scribe->hdl();
    parent()->add_scribe(std::move(scribe));
    return doorman::new_connection(&mx, handle);
  }

  void graceful_shutdown() override {
    guard_->closing = true;
    doorman_impl::graceful_shutdown();
  }

private:
  // Of OpenSSL's writing. The thread is the middleman's, which has no use for it.
  static void block_sigpipe() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
  }

  bool make_room() {
    if (guard_->connections < guard_->max_connections + max_surplus_nodes)
      return true;
    if (guard_->strangers.empty()) {
      guard_->report("a new one", "refused, since there are as many as may be");
      return false;
    }
    caf::intrusive_ptr<guarded_scribe> oldest{guard_->strangers.front()};
    oldest->give_way();
    return true;
  }

  std::shared_ptr<guard> guard_;
};

} // namespace

caf::expected<std::uint16_t> publish_guarded(caf::actor_system& sys, const gateway_actor& what,
                                             std::uint16_t port, const char* host,
                                             std::size_t max_connections,
                                             std::optional<tls_context> tls, spdlog::logger& log) {
  // As CAF's own publish does, but for the doorman.
  auto& middleman = sys.middleman();
  auto& mx = dynamic_cast<network::default_multiplexer&>(middleman.backend());
  auto fd = network::new_tcp_acceptor_impl(port, host, true);
  if (!fd)
    return std::move(fd.error());
  caf::io::doorman_ptr doorman = caf::make_counted<guarded_doorman>(
    mx, *fd, std::make_shared<guard>(max_connections, std::move(tls), log));
  auto actual_port = doorman->port();
  compat::anon_send(middleman.named_broker<caf::io::basp_broker>(compat::basp_broker_name()),
                    caf::publish_atom_v, std::move(doorman), actual_port,
                    caf::actor_cast<caf::strong_actor_ptr>(what), sys.message_types(what));
  return actual_port;
}

} // namespace lockserver
