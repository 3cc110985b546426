#include "net/client_connection.hpp"

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
  ec = classify_connect(error);
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

exchange_result client_connection::exchange(const http_call& call, clock::time_point deadline) {
  auto request = to_request(call, host_header_);
  client_response_parser parser;
  parser.body_limit(call.answer_limit);
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
  if (!error)
    take_answer(parser, buffer_.size() != 0, result);
  return result;
}

} // namespace lockserver
