// The common core of the blocking and the asynchronous client. It keeps connections
// between calls, and decides when to connect again and when to repeat a request. Knows
// nothing of locks.
#pragma once

#include "net/client/async_connection.hpp"
#include "net/client/client_target.hpp"
#include "net/client/effort.hpp"
#include "net/client/http_call.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <vector>

namespace lockserver {

/// Shared by its operations. Used on its executor.
class async_core : public std::enable_shared_from_this<async_core> {
public:
  /// @param executor runs one thing at a time: a strand, or the executor of a context
  ///        with one thread.
  async_core(const boost::asio::any_io_executor& executor, client_target target);

  /// Connects unless there is a connection, sends the request and reads the answer. Must
  /// be awaited on `executor`. A terminal cancellation ends it with `errc::cancelled`.
  /// Throws when there are no file descriptors, threads or memory left.
  /// @param check decides whether the connection can be kept; none: it can.
  boost::asio::awaitable<exchange_result> ask(http_call call, repeat again, effort limits,
                                              answer_check check = {});

  /// Whether there is a kept connection.
  bool has_idle() const noexcept {
    return !idle_.empty();
  }

  /// Closes the kept connections.
  void drop_idle() noexcept {
    idle_.clear();
  }

  const boost::asio::any_io_executor executor;
  const client_target target;
  const std::string server = target.host + " port "
                             + std::to_string(target.port); ///< For messages.

private:
  using connection_ptr = async_connection::pointer;

  boost::asio::awaitable<connection_ptr> connect(const effort& limits, exchange_result& failed);
  connection_ptr take_idle();
  void keep(exchange_result& result, const http_call& call, const answer_check& check,
            connection_ptr connection);

  std::vector<connection_ptr> idle_;
};

} // namespace lockserver
