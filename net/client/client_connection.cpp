#include "net/client/client_connection.hpp"

#include "net/client/bound_connection.hpp"
#include "net/client/client_answer.hpp"
#include "net/client/client_socket.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/write.hpp>

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
  if (!error)
    result->connect(endpoints, deadline, error);
  ec = classify_connect(error);
  return ec ? nullptr : std::move(result);
}

void client_connection::connect(const std::vector<tcp::endpoint>& endpoints,
                                clock::time_point deadline, error_code& ec) {
  ec = asio::error::host_not_found;
  stream_.expires_at(deadline);
  for (const auto& peer : endpoints) {
    open_unshared(stream_.socket(), peer, ec);
    if (ec)
      continue;
    stream_.async_connect(peer, [&](error_code x) { ec = x; });
    context_.restart();
    context_.run();
    finish_connect(stream_.socket(), ec);
    if (!ec || ec == beast::error::timeout)
      return;
  }
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

// Or what is closed here would be forgotten by the reactor that both processes
// share.
void client_connection::leave_to_parent() {
  context_.notify_fork(asio::io_context::fork_child);
  error_code ignored;
  stream_.socket().close(ignored);
}

std::shared_ptr<bound_connection> client_connection::let_go() {
  return std::make_shared<bound_connection>(stream_.socket().release());
}

exchange_result client_connection::exchange(const http_call& call, clock::time_point deadline) {
  auto request = to_request(call, host_header_);
  exchange_result result;
  error_code error;
  stream_.expires_at(deadline);
  http::async_write(stream_, request, [&](error_code ec, std::size_t written) {
    error = ec;
    result.sent = written > 0;
  });
  context_.restart();
  context_.run();
  answer_reader reader{call.answer_limit};
  while (!error && !reader.done() && !reader.error())
    error = read_some(reader);
  result.error = error ? classify(error) : reader.error();
  result.answered = reader.got_some() || buffer_.size() != 0;
  last_used_ = clock::now();
  if (!result.error)
    reader.take(buffer_.size() != 0, result);
  return result;
}

error_code client_connection::read_some(answer_reader& reader) {
  error_code error;
  stream_.async_read_some(buffer_.prepare(answer_reader::most_overhead),
                          [&](error_code ec, std::size_t size) {
                            error = ec;
                            buffer_.commit(size);
                          });
  context_.restart();
  context_.run();
  auto data = buffer_.data();
  buffer_.consume(reader.read({static_cast<const char*>(data.data()), data.size()}));
  if (error != asio::error::eof)
    return error;
  reader.end();
  return {};
}

} // namespace lockserver
