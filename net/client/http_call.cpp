#include "net/client/http_call.hpp"

#include "lockserver/client_error.hpp"

#include <boost/asio/error.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include <algorithm>

namespace lockserver {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

namespace {

// The server's own tokens have 47 characters, and it reads at most 1,024 bytes of the
// header Authorization.
constexpr std::size_t most_token = 512;

} // namespace

std::string percent_encode(std::string_view text) {
  return boost::urls::encode(text, boost::urls::unreserved_chars);
}

std::string host_header(const std::string& host, std::uint16_t port) {
  auto suffix = ":" + std::to_string(port);
  if (host.find(':') == std::string::npos)
    return host + suffix;
  return "[" + host.substr(0, host.find('%')) + "]" + suffix;
}

std::string check_token(std::string_view token) {
  auto visible = [](char c) { return c > 0x20 && c < 0x7f; };
  if (token.size() <= most_token && std::all_of(token.begin(), token.end(), visible))
    return {};
  return "a token must have at most " + std::to_string(most_token)
         + " visible ASCII characters and no spaces, as 'lockserver-caf token' prints it";
}

client_request to_request(const http_call& call, const std::string& host,
                          const std::string& token) {
  client_request result{call.method, call.target, 11};
  result.set(http::field::host, host);
  result.set(http::field::user_agent, "lockserver-caf");
  if (!token.empty())
    result.set(http::field::authorization, "Bearer " + token);
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
