// The asynchronous counterpart of `client_core`: keeps connections between
// calls, and says when connecting is tried again and a request repeated. Knows
// nothing of locks.
#pragma once

#include "lockserver/client_options.hpp"
#include "net/client/async_connection.hpp"
#include "net/client/client_core.hpp"
#include "net/client/http_call.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace lockserver {

/// Runs on a strand of the executor that it is given, so that the executor may
/// have any number of threads. Shared by its operations.
class async_core : public std::enable_shared_from_this<async_core> {
public:
  async_core(const boost::asio::any_io_executor& executor, std::string host, std::uint16_t port,
             const client_options& options);

  /// As `client_core::ask`. To be awaited on `executor`; a terminal cancellation
  /// ends it with `errc::cancelled`. The look-up of a host name is the
  /// system's: it neither ends early nor knows deadlines.
  boost::asio::awaitable<exchange_result> ask(http_call call, repeat again, effort limits,
                                              answer_check check = {});

  const boost::asio::any_io_executor executor; ///< The strand.
  const std::string host;
  const std::uint16_t port;
  const client_options options;
  const std::string server = host + " port " + std::to_string(port); ///< For messages.

private:
  using connection_ptr = async_connection::pointer;

  boost::asio::awaitable<connection_ptr> connect(const effort& limits, std::error_code& ec);
  connection_ptr take_idle();
  void keep(exchange_result& result, const http_call& call, const answer_check& check,
            connection_ptr connection);

  std::vector<connection_ptr> idle_;
};

} // namespace lockserver
