// One HTTP request of a client and what comes of it. Knows HTTP, but nothing of
// locks, and does no input or output.
#pragma once

#include <boost/beast/core/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace lockserver {

class bound_connection;

/// What to send.
struct http_call {
  boost::beast::http::verb method = boost::beast::http::verb::get;
  std::string target{};
  std::string body{}; ///< JSON, or empty for none.
  /// The longest answer that is taken, in bytes. A one-line answer has a few;
  /// the rest is for what a proxy may say.
  std::size_t answer_limit = 64 * 1024;
  /// Whether something is to last as long as its connection: this is in the result
  /// then, and carries nothing else.
  bool binds = false;
};

/// What came of it.
struct exchange_result {
  /// Set when there is no complete answer: an `errc`, or the system's code for a
  /// connection that could not be made.
  std::error_code error{};
  /// Whether bytes of the request may have reached the server.
  bool sent = false;
  /// Whether bytes of the same request may have reached the server before.
  bool repeated = false;
  /// Whether at least one byte of an answer arrived.
  bool answered = false;
  /// Whether the connection may carry another request.
  bool keep_alive = false;
  unsigned status = 0;
  std::string body{};
  /// The header Lockserver-Error: what the server has against the request.
  std::string complaint{};
  /// After how long the server asks to be asked again.
  std::optional<std::chrono::seconds> retry_after{};
  /// Of a call that `binds`; null when it ends with the answer.
  std::shared_ptr<bound_connection> connection{};
};

/// Whether an answer makes sense. A connection whose answer does not is closed:
/// what comes next on it might be the answer to something else.
using answer_check = std::function<bool(const exchange_result&)>;

using client_request = boost::beast::http::request<boost::beast::http::string_body>;

/// Well below the time after which servers (ours: 75 s) and routers drop a
/// silent connection: a request that crosses such a drop fails and cannot
/// always be repeated, while a new connection costs next to nothing.
inline constexpr auto longest_idle = std::chrono::seconds{30};

/// As one segment of a path or one value of a query: all but the unreserved
/// characters are percent-encoded.
std::string percent_encode(std::string_view text);

/// The value of the header Host: an IPv6 address stands in brackets there, and
/// its zone, which means something on this machine only, is left out.
std::string host_header(const std::string& host, std::uint16_t port);

client_request to_request(const http_call& call, const std::string& host);

/// What `ec` means for the caller once a connection was there.
std::error_code classify(boost::system::error_code ec);

/// What `ec` means for the caller while there is no connection yet.
std::error_code classify_connect(boost::system::error_code ec);

} // namespace lockserver
