#include "net/client_connection.hpp"

#include "lockserver/rest_client.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http.hpp>

#include <future>
#include <thread>
#include <utility>
#include <vector>

namespace lockserver {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using boost::system::error_code;
using clock = client_connection::clock;

// Well below the time after which servers (ours: 75 s) and routers drop a
// silent connection: a LOCK that crosses such a drop fails and cannot be
// repeated, while a new connection costs next to nothing.
constexpr auto longest_idle = std::chrono::seconds{30};

// A one-line answer has a few bytes. The rest is for what a proxy may say.
constexpr std::size_t body_limit = 64 * 1024;

std::vector<tcp::endpoint> resolve(const std::string& host, std::uint16_t port,
                                   clock::time_point deadline, error_code& ec) {
  if (auto address = asio::ip::make_address(host, ec); !ec)
    return {{address, port}};
  // The system's resolver can neither be cancelled nor given a deadline. So it
  // works on a thread of its own, which is left to itself when it is too slow.
  using answer = std::pair<error_code, std::vector<tcp::endpoint>>;
  std::packaged_task<answer()> task{[host, port] {
    answer result;
    asio::io_context context;
    tcp::resolver resolver{context};
    auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::numeric_service,
                                  result.first);
    for (const auto& entry : found)
      result.second.push_back(entry.endpoint());
    return result;
  }};
  auto future = task.get_future();
  std::thread worker{std::move(task)};
  if (future.wait_until(deadline) != std::future_status::ready) {
    worker.detach();
    ec = beast::error::timeout;
    return {};
  }
  worker.join();
  auto [error, endpoints] = future.get();
  ec = error;
  return std::move(endpoints);
}

// What `ec` means for the caller once a connection was there.
std::error_code classify(error_code ec) {
  if (!ec)
    return {};
  if (ec == beast::error::timeout)
    return client_errc::timeout;
  if (ec == http::error::end_of_stream || ec == http::error::partial_message)
    return client_errc::connection_lost;
  if (ec.category() == http::make_error_code(http::error::bad_version).category())
    return client_errc::bad_answer;
  return client_errc::connection_lost;
}

// The value of the header Host: an IPv6 address stands in brackets there, and
// its zone, which means something on this machine only, is left out.
std::string host_header(const std::string& host, std::uint16_t port) {
  auto suffix = ":" + std::to_string(port);
  if (host.find(':') == std::string::npos)
    return host + suffix;
  return "[" + host.substr(0, host.find('%')) + "]" + suffix;
}

} // namespace

client_connection::client_connection(std::string host_header)
  : host_header_(std::move(host_header)) {
}

std::unique_ptr<client_connection>
client_connection::open(const std::string& host, std::uint16_t port, clock::time_point deadline,
                        std::error_code& ec) {
  std::unique_ptr<client_connection> result{new client_connection{host_header(host, port)}};
  error_code error;
  auto endpoints = resolve(host, port, deadline, error);
  if (!error) {
    auto& stream = result->stream_;
    stream.expires_at(deadline);
    stream.async_connect(endpoints, [&](error_code x, const tcp::endpoint&) { error = x; });
    result->context_.run();
    error_code ignored;
    auto& socket = stream.socket();
    // A port from the range that the system gives to clients can be given to
    // this very socket, which then is connected with itself, and keeps the
    // port from the server that is to come.
    if (!error && socket.local_endpoint(ignored) == socket.remote_endpoint(ignored))
      error = asio::error::connection_refused;
    if (!error) {
      socket.set_option(tcp::no_delay{true}, ignored);
      socket.non_blocking(true, ignored); // for `usable`
      ec.clear();
      return result;
    }
  }
  if (error == beast::error::timeout)
    ec = client_errc::timeout;
  else
    ec = error;
  return nullptr;
}

bool client_connection::usable() {
  if (clock::now() - last_used_ > longest_idle)
    return false;
  // Anything but silence is wrong: bytes that nobody asked for would be taken
  // for the next answer.
  char byte;
  error_code ec;
  stream_.socket().receive(asio::buffer(&byte, 1), tcp::socket::message_peek, ec);
  return ec == asio::error::would_block;
}

exchange_result client_connection::get(const std::string& target, clock::time_point deadline) {
  http::request<http::empty_body> request{http::verb::get, target, 11};
  request.set(http::field::host, host_header_);
  request.set(http::field::user_agent, "lockserver-caf");
  http::response_parser<http::string_body> parser;
  parser.body_limit(body_limit);
  exchange_result result;
  error_code error;
  stream_.expires_at(deadline);
  http::async_write(stream_, request, [&](error_code ec, std::size_t written) {
    error = ec;
    result.sent = written > 0;
    if (ec)
      return;
    http::async_read(stream_, buffer_, parser,
                     [&](error_code read_error, std::size_t) { error = read_error; });
  });
  context_.restart();
  context_.run();
  result.error = classify(error);
  result.answered = parser.got_some() || buffer_.size() != 0;
  last_used_ = clock::now();
  if (error)
    return result;
  result.keep_alive = parser.keep_alive() && buffer_.size() == 0;
  auto& answer = parser.get();
  result.status = answer.result_int();
  result.body = std::move(answer.body());
  result.complaint = answer["Lockserver-Error"];
  return result;
}

} // namespace lockserver
