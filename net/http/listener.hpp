// Accepts connections and deals them out to the I/O threads.
#pragma once

#include "actors/rules/recurring_failure.hpp"
#include "net/http/connection.hpp"
#include "net/io/io_scheduler.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <vector>

namespace lockserver {

/// The open port of a server. Lives on the first I/O thread.
class listener final : public std::enable_shared_from_this<listener> {
public:
  using tcp = boost::asio::ip::tcp;

  /// @param lists where the connections of each thread are kept.
  /// @param make what the port speaks.
  listener(io_scheduler& threads, server_context& context, std::vector<connection_list>& lists,
           transport_maker make);

  /// Opens the port. The first thing to call.
  boost::system::error_code open(const tcp::endpoint& where);

  /// Starts to accept, with actors in `sys`.
  void start(caf::actor_system& sys);

  /// Closes the port. On its thread.
  void close();

  std::uint16_t port() const noexcept {
    return port_;
  }

private:
  void do_accept();
  void accept_later();
  void on_acceptable();
  void serve(int fd, const boost::asio::ip::address& peer);
  void serve(tcp::socket socket, const boost::asio::ip::address& peer, std::size_t thread);
  static void begin_handshake(connection& x, connection_list& list);
  void note_crowd(bool is_crowd);

  io_scheduler& threads_;
  server_context& context_;
  std::vector<connection_list>& lists_;
  const transport_maker make_;
  tcp::acceptor acceptor_;
  tcp protocol_ = tcp::v4();
  boost::asio::steady_timer pause_;
  recurring_failure trouble_; // accepting fails
  recurring_failure crowd_;   // there are too many connections
  caf::actor_system* system_ = nullptr;
  std::size_t next_ = 0;
  std::uint16_t port_ = 0;
};

} // namespace lockserver
