#include "net/client/http_call.hpp"

#include "lockserver/client_error.hpp"

#include <boost/asio/error.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

namespace lockserver {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

std::string percent_encode(std::string_view text) {
  return boost::urls::encode(text, boost::urls::unreserved_chars);
}

std::string host_header(const std::string& host, std::uint16_t port) {
  auto suffix = ":" + std::to_string(port);
  if (host.find(':') == std::string::npos)
    return host + suffix;
  return "[" + host.substr(0, host.find('%')) + "]" + suffix;
}

client_request to_request(const http_call& call, const std::string& host) {
  client_request result{call.method, call.target, 11};
  result.set(http::field::host, host);
  result.set(http::field::user_agent, "lockserver-caf");
  if (!call.body.empty()) {
    result.set(http::field::content_type, "application/json");
    result.body() = call.body;
    result.prepare_payload();
  }
  return result;
}

std::error_code classify(error_code ec) {
  if (!ec)
    return {};
  if (ec == beast::error::timeout)
    return errc::timeout;
  if (ec == boost::asio::error::operation_aborted)
    return errc::cancelled;
  return errc::connection_lost;
}

std::error_code classify_connect(error_code ec) {
  if (ec == beast::error::timeout)
    return errc::timeout;
  if (ec == boost::asio::error::operation_aborted)
    return errc::cancelled;
  return ec;
}

} // namespace lockserver
