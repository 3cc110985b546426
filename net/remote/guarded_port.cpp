#include "net/remote/guarded_port.hpp"

#include "net/remote/basp_connection.hpp"

#include <caf/io/basp/message_type.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/doorman_impl.hpp>

#include <spdlog/logger.h>

#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace lockserver {

namespace {

namespace network = caf::io::network;

class guarded_connection;

// What the connections of one port share. They live on the middleman's thread.
struct port_state {
  std::size_t max_connections;
  std::optional<tls_context> tls; // none: plain
  std::chrono::milliseconds silence;
  spdlog::logger& log;
  std::size_t connections = 0;
  bool closing = false;
  // Those that have sent no handshake yet, the oldest first.
  std::list<guarded_connection*> strangers{};

  port_state(std::size_t most, std::optional<tls_context> context,
             std::chrono::milliseconds timeout, spdlog::logger& logger)
    : max_connections(most), tls(std::move(context)), silence(timeout), log(logger) {
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

// One connection of the port.
class guarded_connection final : public basp_connection {
public:
  guarded_connection(network::default_multiplexer& mx, network::native_socket fd,
                     std::shared_ptr<port_state> port_is)
    : basp_connection(mx, fd, session_of(*port_is, fd)),
      port_(std::move(port_is)),
      peer_(addr() + ":" + std::to_string(port())) {
    ++port_->connections;
    place_ = port_->strangers.insert(port_->strangers.end(), this);
  }

  ~guarded_connection() override {
    --port_->connections;
    unlist();
    // With TLS a client may look first whether there is anyone.
    auto silent = tls() != nullptr && !tls()->heard();
    if (wrong_.empty() && !introduced_ && !port_->closing && !silent)
      wrong_ = tls() != nullptr && !tls()->failure().empty()
                 ? "has no TLS with us: " + tls()->failure()
                 : "did not introduce itself as a node of this version does";
    if (!wrong_.empty())
      port_->report(peer_, wrong_);
  }

  // What a peer does not take is not kept without a limit. The broker calls this in
  // the middle of something: it hears of the end of the connection later.
  void flush() override {
    if (wr_buf().size() > max_unread) {
      wrong_ = "does not read its answers";
      wr_buf().clear();
      break_connection();
    }
    basp_connection::flush();
  }

  // When all connections end, nobody waits long for a peer that does not read.
  void graceful_shutdown() override {
    if (port_->closing)
      limit_silence(socket(), std::chrono::seconds{1});
    basp_connection::graceful_shutdown();
  }

  void give_way() {
    wrong_ = "was silent until another needed its place";
    unlist();
    close();
  }

  // A head, or the payload that it has announced.
  bool consume(compat::execution_context* context, const void* data, std::size_t size) override {
    auto introduces = false;
    if (std::exchange(payload_follows_, false))
      introduces = !introduced_;
    else
      check_head(static_cast<const unsigned char*>(data));
    auto go_on = wrong_.empty() && scribe::consume(context, data, size);
    if (!wrong_.empty())
      detach(context, true); // tells the broker
    if (!go_on || detached())
      return false; // closes the connection
    if (introduces) {
      introduced_ = true;
      unlist();
    }
    return true;
  }

private:
  static std::optional<tls_session> session_of(const port_state& x, int fd) {
    return x.tls ? std::optional<tls_session>{std::in_place, *x.tls, fd, tls_role::server}
                 : std::nullopt;
  }

  // What CAF takes on trust: it would allocate what a head announces, and it
  // crashes for a handshake without a payload.
  void check_head(const unsigned char* head) {
    using caf::io::basp::message_type;
    auto what = static_cast<message_type>(head[0]);
    std::uint32_t length = 0; // the fifth byte and three more, the highest first
    for (int i = 4; i < 8; ++i)
      length = length << 8 | head[i];
    auto most = introduced_ ? max_basp_payload : max_basp_handshake;
    if (!introduced_ && what != message_type::client_handshake)
      wrong_ = "does not begin with a handshake of CAF";
    else if (what == message_type::server_handshake
             || (what == message_type::client_handshake && length == 0))
      wrong_ = "sent a handshake that is none";
    else if (length > most)
      wrong_ = "announced a message of " + std::to_string(length) + " bytes, "
               + std::to_string(most) + " are the most";
    payload_follows_ = length > 0;
  }

  void unlist() {
    if (std::exchange(listed_, false))
      port_->strangers.erase(place_);
  }

  std::shared_ptr<port_state> port_;
  std::string peer_;
  std::string wrong_; // what it did, for the log
  std::list<guarded_connection*>::iterator place_;
  bool listed_ = true; // among the strangers
  bool payload_follows_ = false;
  bool introduced_ = false;
};

class guarded_doorman final : public network::doorman_impl {
public:
  guarded_doorman(network::default_multiplexer& mx, network::native_socket fd,
                  std::shared_ptr<port_state> port_is)
    : doorman_impl(mx, fd), port_(std::move(port_is)) {
  }

  bool new_connection() override {
    auto fd = acceptor_.accepted_socket();
    if (detached() || !make_room(fd)) {
      network::close_socket(fd);
      return !detached();
    }
    auto& mx = acceptor_.backend();
    limit_silence(fd, port_->silence);
    auto connection = caf::make_counted<guarded_connection>(mx, fd, port_);
    auto handle = connection->hdl();
    parent()->add_scribe(std::move(connection));
    return doorman::new_connection(&mx, handle);
  }

  void graceful_shutdown() override {
    port_->closing = true;
    doorman_impl::graceful_shutdown();
  }

private:
  bool make_room(network::native_socket fd) {
    if (port_->connections < port_->max_connections + max_surplus_nodes)
      return true;
    if (port_->strangers.empty()) {
      auto from = network::remote_addr_of_fd(fd);
      port_->report(from ? *from : "unknown", "is one too many: refused");
      return false;
    }
    caf::intrusive_ptr<guarded_connection> oldest{port_->strangers.front()};
    oldest->give_way();
    return true;
  }

  std::shared_ptr<port_state> port_;
};

} // namespace

caf::expected<std::uint16_t> publish_guarded(caf::actor_system& sys, const gateway_actor& what,
                                             std::uint16_t port, const char* host,
                                             port_limits limits, std::optional<tls_context> tls,
                                             spdlog::logger& log) {
  // As CAF's own publish does, but for the doorman.
  auto fd = network::new_tcp_acceptor_impl(port, host, true);
  if (!fd)
    return std::move(fd.error());
  auto silence = std::chrono::ceil<std::chrono::milliseconds>(limits.silence);
  caf::io::doorman_ptr doorman = caf::make_counted<guarded_doorman>(
    basp_connection::multiplexer_of(sys), *fd,
    std::make_shared<port_state>(limits.connections, std::move(tls), silence, log));
  auto actual_port = doorman->port();
  compat::anon_send(sys.middleman().named_broker<caf::io::basp_broker>(compat::basp_broker_name()),
                    caf::publish_atom_v, std::move(doorman), actual_port,
                    caf::actor_cast<caf::strong_actor_ptr>(what), sys.message_types(what));
  return actual_port;
}

} // namespace lockserver
