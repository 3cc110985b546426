#include "net/caf/guarded_port.hpp"

#include "actors/compat/hosting.hpp"
#include "net/caf/basp_rules.hpp"
#include "net/tls/basp_connection.hpp"

#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/doorman_impl.hpp>

#include <spdlog/logger.h>

#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lockserver {

namespace {

namespace network = caf::io::network;

class guarded_connection;

// The shared state of one port's connections. Used on the middleman's thread only.
struct port_state {
  std::size_t max_connections;
  std::optional<tls_context> tls; // none: without TLS
  std::chrono::milliseconds silence;
  std::shared_ptr<const basp_rules> rules;
  std::shared_ptr<reachable_actors> reachable;
  spdlog::logger& log;
  std::size_t connections = 0;
  bool closing = false;
  // The connections that have sent no handshake yet, the oldest first.
  std::list<guarded_connection*> strangers{};

  port_state(std::size_t most, std::optional<tls_context> context,
             std::chrono::milliseconds timeout, basp_rules what_is_let_in,
             std::shared_ptr<reachable_actors> who_is, spdlog::logger& logger)
    : max_connections(most),
      tls(std::move(context)),
      silence(timeout),
      rules(std::make_shared<basp_rules>(std::move(what_is_let_in))),
      reachable(std::move(who_is)),
      log(logger) {
  }

  // One line a second is enough, however many peers connect.
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
      gate_(port_->rules),
      peer_(addr() + ":" + std::to_string(port())) {
    ++port_->connections;
    place_ = port_->strangers.insert(port_->strangers.end(), this);
  }

  ~guarded_connection() override {
    --port_->connections;
    unlist();
    if (introduced())
      port_->reachable->disconnect(gate_.node());
    // With TLS, a client may first connect only to see whether a server is there.
    auto silent = tls() != nullptr && !tls()->heard();
    if (wrong_.empty() && !introduced() && !port_->closing && !silent)
      wrong_ = tls() != nullptr && !tls()->failure().empty()
                 ? "failed in the TLS handshake: " + tls()->failure()
                 : "did not introduce itself as a node of this version does";
    if (!wrong_.empty())
      port_->report(peer_, wrong_);
  }

  // Limits the output that a peer does not read. The broker calls this in the middle of
  // its work, so it is told of the end of the connection later.
  void flush() override {
    if (wr_buf().size() > max_unread) {
      wrong_ = "does not read its answers";
      wr_buf().clear();
      break_connection();
    }
    basp_connection::flush();
  }

  // Limits the wait for peers that do not read when all connections end.
  void graceful_shutdown() override {
    if (port_->closing)
      limit_silence(socket(), std::chrono::seconds{1});
    basp_connection::graceful_shutdown();
  }

  void give_way() {
    wrong_ = "made no handshake until another connection took its place";
    unlist();
    close();
  }

  // Handles a head, or the payload that the head has announced.
  bool consume(compat::execution_context* context, const void* data, std::size_t size) override {
    auto is_payload = std::exchange(payload_follows_, false);
    auto was_introduced = introduced();
    auto verdict = look_at({static_cast<const char*>(data), size}, is_payload);
    if (introduced() && !was_introduced) {
      port_->reachable->connect(gate_.node());
      unlist();
    }
    if (verdict == basp_gate::verdict::drop) {
      // The broker would request this read if it had seen the message.
      configure_read(caf::io::receive_policy::exactly(payload_follows_ ? gate_.payload_size()
                                                                       : basp_gate::head_size));
      return true;
    }
    auto go_on = verdict == basp_gate::verdict::pass && scribe::consume(context, data, size);
    if (!wrong_.empty())
      detach(context, true);     // tells the broker
    return go_on && !detached(); // otherwise CAF closes the connection
  }

private:
  static std::optional<tls_session> session_of(const port_state& x, int fd) {
    return x.tls ? std::optional<tls_session>{std::in_place, *x.tls, fd, tls_role::server}
                 : std::nullopt;
  }

  basp_gate::verdict look_at(std::string_view bytes, bool is_payload) {
    auto result = basp_gate::verdict::close;
    if (is_payload) {
      result = gate_.payload(bytes);
    } else if (bytes.size() == basp_gate::head_size) {
      result = gate_.head(bytes);
      payload_follows_ = gate_.payload_size() > 0;
    }
    if (result == basp_gate::verdict::close)
      wrong_ = gate_.wrong();
    return result;
  }

  bool introduced() const noexcept {
    return !gate_.node().empty();
  }

  void unlist() {
    if (std::exchange(listed_, false))
      port_->strangers.erase(place_);
  }

  std::shared_ptr<port_state> port_;
  basp_gate gate_;
  std::string peer_;
  std::string wrong_; // what the peer did wrong, for the log
  std::list<guarded_connection*>::iterator place_;
  bool listed_ = true; // in the list of connections without a handshake
  bool payload_follows_ = false;
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
      port_->report(from ? *from : "unknown", "exceeds the limit of connections");
      return false;
    }
    caf::intrusive_ptr<guarded_connection> oldest{port_->strangers.front()};
    oldest->give_way();
    return true;
  }

  std::shared_ptr<port_state> port_;
};

} // namespace

caf::expected<std::uint16_t>
publish_guarded(caf::actor_system& sys, const gateway_actor& what, std::uint16_t port,
                const char* host, port_limits limits, std::optional<tls_context> tls,
                std::shared_ptr<reachable_actors> reachable, spdlog::logger& log) {
  // As in CAF's own publish, except for the doorman.
  auto fd = network::new_tcp_acceptor_impl(port, host, true);
  if (!fd)
    return std::move(fd.error());
  auto silence = std::chrono::ceil<std::chrono::milliseconds>(limits.silence);
  reachable->gateway_is(what.id());
  // Includes the surplus nodes, whose clients get a refusal with a sentence.
  auto rules = make_basp_rules(sys, limits.connections + max_surplus_nodes, reachable);
  caf::io::doorman_ptr doorman = caf::make_counted<guarded_doorman>(
    basp_connection::multiplexer_of(sys), *fd,
    std::make_shared<port_state>(limits.connections, std::move(tls), silence, std::move(rules),
                                 std::move(reachable), log));
  auto actual_port = doorman->port();
  compat::anon_send(sys.middleman().named_broker<caf::io::basp_broker>(compat::basp_broker_name()),
                    caf::publish_atom_v, std::move(doorman), actual_port,
                    caf::actor_cast<caf::strong_actor_ptr>(what), sys.message_types(what));
  return actual_port;
}

} // namespace lockserver
