// One connection of a client to its server: it connects, sends a request and reads the
// answer, each with a deadline. Knows HTTP, but neither locks nor when to try again.
#pragma once

#include "net/client/client_target.hpp"
#include "net/client/http_call.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include <sys/types.h>

namespace lockserver {

class bound_connection;

/// Used on its executor, which runs one thing at a time, for one request at a time.
class async_connection {
public:
  using clock = std::chrono::steady_clock;
  using pointer = std::shared_ptr<async_connection>;

  async_connection(const boost::asio::any_io_executor& executor, const client_target& target);

  /// Connects to a name or a numeric IPv4 or IPv6 address. Without TLS, a token is not
  /// sent to another machine: then the error is `errc::tls_required`.
  /// @param target stays until it is awaited.
  /// @return null, with `failed.error` set, if this did not succeed before `deadline`.
  static boost::asio::awaitable<pointer> open(boost::asio::any_io_executor executor,
                                              const client_target& target,
                                              clock::time_point deadline, exchange_result& failed);

  /// Makes another handle of the socket of `x`, which stays the owner of its own. Null if
  /// the system has no more handles.
  static pointer share(const boost::asio::any_io_executor& executor, const client_target& target,
                       const bound_connection& x);

  /// Whether the server has sent neither bytes that nobody asked for nor the end. Then
  /// the next request can be sent on this connection.
  bool quiet();

  /// `quiet()`, and the connection was used a short time ago.
  bool usable();

  clock::time_point last_used() const noexcept {
    return last_used_;
  }

  /// Sends the request and reads the answer, until `deadline`. `call` and the connection
  /// must live until the result is awaited.
  boost::asio::awaitable<exchange_result> exchange(const http_call& call,
                                                   clock::time_point deadline);

  /// Releases the socket. @pre no operation is under way.
  std::shared_ptr<bound_connection> let_go();

  /// Calls `f` once, when `quiet()` may have changed or the connection was closed.
  void on_readable(std::function<void(boost::system::error_code)> f);

  /// Closes the connection and ends its operations.
  void close();

private:
  boost::asio::awaitable<void> shake_hands(const client_target& target, exchange_result& failed);
  void note_error(boost::system::error_code ec, exchange_result& result) const;

  boost::beast::tcp_stream stream_;
  std::optional<boost::asio::ssl::stream<boost::beast::tcp_stream&>> tls_; // over it; or plain
  boost::beast::flat_buffer buffer_;
  const std::string host_header_;
  const std::string token_; // empty: none
  clock::time_point last_used_ = clock::now();
  bool is_new_ = true; // nothing has been answered on it
  bool reusable_ = true;
  const pid_t process_;
};

} // namespace lockserver
