// The frontend: all that serves the clients of a server, as one object. Knows
// nothing of locks but whom to ask.
#pragma once

#include "actors/engine.hpp"
#include "net/caf/gateway.hpp"
#include "net/http/listener.hpp"
#include "net/io/io_scheduler.hpp"
#include "net/server/access_parts.hpp"
#include "net/session/server_context.hpp"
#include "net/tls/https_files.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace lockserver {

/// The ports, the connections and sessions of their clients, and CAF's actor
/// system, in which sessions and lock actors live.
///
/// Life: `open` (and `open_plain`), `serve`, `close`; each once, by one thread, on none of the I/O threads.
class frontend {
public:
  /// @param threads where connections and actors live.
  /// @param https for the port; null: it is plain.
  /// @param access who may do what.
  /// @param request_stop called when a client wants the server to stop.
  /// @param count tells what the server holds.
  /// All of them outlive this object.
  frontend(const settings& config, io_scheduler& threads, spdlog::logger& log, const engine& locks,
           const https_context* https, access_parts& access, std::function<void()> request_stop,
           std::function<counts()> count);
  /// Closes, if it is not closed yet, and waits until all actors of the system have ended.
  ~frontend();

  frontend(const frontend&) = delete;
  frontend& operator=(const frontend&) = delete;

  /// Opens the port for HTTP; nobody is served yet.
  boost::system::error_code open(const boost::asio::ip::tcp::endpoint& where);

  /// Opens a port without TLS beside it.
  boost::system::error_code open_plain(const boost::asio::ip::tcp::endpoint& where);

  /// @pre `open` was successful.
  caf::actor_system& system() noexcept {
    return *system_;
  }

  /// Serves the clients of HTTP.
  /// @param recovering they are told to wait until `recovered`: nobody may be told
  ///        what is held while the locks of a store are taken up.
  /// @pre the engine has started.
  void serve(bool recovering);
  void recovered() noexcept {
    context_.recovering = false;
  }

  /// Opens the port for CAF programs and serves them.
  /// @return why it cannot, or an empty string.
  std::string open_caf_port();

  /// The access rules or the TLS files have changed: refuses the waiting clients that may not
  /// wait any more.
  void access_changed();

  /// Refuses who waits, lets answers under way be taken, and returns when no
  /// connection, session or port is left: nothing more is asked of the engine.
  void close();

  std::uint16_t port() const noexcept {
    return listener_->port();
  }
  /// 0 without one.
  std::uint16_t plain_port() const noexcept {
    return plain_listener_ ? plain_listener_->port() : std::uint16_t{0};
  }
  /// 0 without one.
  std::uint16_t caf_port() const noexcept {
    return caf_port_;
  }
  /// Of HTTP, and sessions of CAF clients. Thread-safe.
  std::size_t connections() const noexcept {
    return context_.connections + context_.remote_sessions;
  }

private:
  class system_config;

  template <class F>
  void for_each_connection(F f);
  void close_ports();
  void close_connections();
  void end_remote_sessions();
  void drain();

  io_scheduler& threads_;
  const engine& locks_;
  server_context context_;
  std::vector<connection_list> connections_; // of each thread
  std::mutex mutex_;
  std::condition_variable last_connection_closed_;
  std::shared_ptr<listener> listener_;
  std::shared_ptr<listener> plain_listener_; // beside one with TLS; null: none
  std::unique_ptr<system_config> system_config_;
  std::unique_ptr<caf::actor_system> system_;
  gateway_actor gateway_;
  std::uint16_t caf_port_ = 0;
};

} // namespace lockserver
