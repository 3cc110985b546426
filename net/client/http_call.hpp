// One HTTP request of a client, and its result. Knows HTTP, but nothing of locks, and
// does no input or output.
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

/// The request.
struct http_call {
  boost::beast::http::verb method = boost::beast::http::verb::get;
  std::string target{};
  std::string body{}; ///< JSON, or empty for none.
  /// The longest answer that is accepted, in bytes. A one-line answer is short; the rest
  /// is for the pages of proxies.
  std::size_t answer_limit = 64 * 1024;
  /// Whether the request binds something to its connection. The result then contains the
  /// connection, which carries no other request.
  bool binds = false;
};

/// The result of the request.
struct exchange_result {
  /// Set if there is no complete answer: an `errc`, or the system's code if no connection
  /// could be made.
  std::error_code error{};
  /// More about `error`, for people; or empty.
  std::string why{};
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
  /// The header Lockserver-Error: why the server refused the request.
  std::string complaint{};
  /// How long the server asks the client to wait before it asks again.
  std::optional<std::chrono::seconds> retry_after{};
  /// The connection of a call that `binds`; null if it ended with the answer.
  std::shared_ptr<bound_connection> connection{};
};

/// Whether an answer makes sense. If not, the connection is closed, because the next
/// answer on it might belong to another request.
using answer_check = std::function<bool(const exchange_result&)>;

using client_request = boost::beast::http::request<boost::beast::http::string_body>;

/// Well below the time after which servers (ours: 75 s) and routers close a silent
/// connection. A request that is sent at that moment fails and cannot always be repeated.
/// A new connection costs almost nothing.
inline constexpr auto longest_idle = std::chrono::seconds{30};

/// Encodes one segment of a path or one value of a query: percent-encodes all but the
/// unreserved characters.
std::string percent_encode(std::string_view text);

/// The value of the header Host. An IPv6 address is in brackets. Its zone is left out,
/// because it has a meaning on this machine only.
std::string host_header(const std::string& host, std::uint16_t port);

/// Returns what is wrong with a client's token, as a sentence that does not contain it,
/// or an empty string.
std::string check_token(std::string_view token);

/// @param host the value of the header Host.
/// @param token the client's, checked; empty: none.
client_request to_request(const http_call& call, const std::string& host, const std::string& token);

/// The caller's error for `ec`, after there was a connection.
std::error_code classify(boost::system::error_code ec);

/// The caller's error for `ec`, while there is no connection.
std::error_code classify_connect(boost::system::error_code ec);

} // namespace lockserver
