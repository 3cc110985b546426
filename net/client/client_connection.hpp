// One connection of a `rest_client` to its server: connects, sends a request,
// reads the answer, each with a deadline. Knows HTTP, but nothing of locks, and
// not when something is to be tried again.
#pragma once

#include "net/client/http_call.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace lockserver {

class answer_reader;
class bound_connection;

/// Has an I/O context of its own, which runs in the thread that calls. So a
/// client needs no thread, and every step can have a deadline, which blocking
/// sockets do not offer. Used by one thread at a time.
class client_connection {
public:
  using clock = std::chrono::steady_clock;

  /// Connects to a name or a numeric IPv4 or IPv6 address.
  /// @return null, with `ec` set, when this did not succeed until `deadline`.
  static std::unique_ptr<client_connection> open(const std::string& host, std::uint16_t port,
                                                 clock::time_point deadline, std::error_code& ec);

  /// Returns whether a connection that was kept alive still is, as far as can
  /// be seen from here without waiting.
  bool usable();

  /// In a process that was forked from the one that opened it: lets go of the
  /// socket, which the other process goes on to use.
  void leave_to_parent();

  /// Gives up the socket.
  std::shared_ptr<bound_connection> let_go();

  /// Sends the request and reads the answer, until `deadline`.
  exchange_result exchange(const http_call& call, clock::time_point deadline);

private:
  explicit client_connection(std::string host_header);

  void connect(const std::vector<boost::asio::ip::tcp::endpoint>& endpoints,
               clock::time_point deadline, boost::system::error_code& ec);
  boost::system::error_code read_some(answer_reader& reader);

  // For one thread: spares the context most of its locking.
  boost::asio::io_context context_{1};
  boost::beast::tcp_stream stream_{context_};
  boost::beast::flat_buffer buffer_;
  std::string host_header_;
  clock::time_point last_used_{};
};

} // namespace lockserver
