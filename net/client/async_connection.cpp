#include "net/client/async_connection.hpp"

#include "net/client/bound_connection.hpp"
#include "net/client/client_answer.hpp"
#include "net/client/client_socket.hpp"
#include "net/client/name_lookup.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/write.hpp>

#include <unistd.h>
#include <utility>
#include <vector>

namespace lockserver {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

async_connection::async_connection(const asio::any_io_executor& executor, std::string host_header)
  : stream_(executor), host_header_(std::move(host_header)), process_(getpid()) {
}

asio::awaitable<async_connection::pointer>
async_connection::open(asio::any_io_executor executor, std::string host, std::uint16_t port,
                       clock::time_point deadline, std::error_code& ec) {
  auto result = std::make_shared<async_connection>(executor, host_header(host, port));
  error_code error;
  auto endpoints = co_await look_up(executor, host, port, deadline, error);
  auto& stream = result->stream_;
  if (!error && endpoints.empty())
    error = asio::error::host_not_found;
  stream.expires_at(deadline);
  for (const auto& endpoint : endpoints) {
    open_unshared(stream.socket(), endpoint, error);
    if (!error)
      co_await stream.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
    finish_connect(stream.socket(), error);
    if (!error || error == boost::beast::error::timeout || error == asio::error::operation_aborted)
      break;
  }
  ec = classify_connect(error);
  if (ec)
    co_return nullptr;
  co_return result;
}

async_connection::pointer async_connection::share(const asio::any_io_executor& executor,
                                                  std::string host_header,
                                                  const bound_connection& x) {
  auto result = std::make_shared<async_connection>(executor, std::move(host_header));
  error_code ec;
  adopt(result->stream_.socket(), x.share(), ec);
  return ec ? nullptr : result;
}

bool async_connection::quiet() {
  if (!reusable_ || process_ != getpid()) // in a child process the connection is the parent's
    return false;
  char byte;
  error_code ec;
  stream_.socket().receive(asio::buffer(&byte, 1), tcp::socket::message_peek, ec);
  return ec == asio::error::would_block;
}

bool async_connection::usable() {
  return quiet() && clock::now() - last_used_ <= longest_idle;
}

asio::awaitable<exchange_result> async_connection::exchange(const http_call& call,
                                                            clock::time_point deadline) {
  auto request = to_request(call, host_header_);
  exchange_result result;
  error_code error;
  stream_.expires_at(deadline);
  auto written = co_await boost::beast::http::async_write(
    stream_, request, asio::redirect_error(asio::use_awaitable, error));
  result.sent = written > 0;
  answer_reader reader{call.answer_limit};
  while (!error && !reader.done() && !reader.error()) {
    auto size = co_await stream_.async_read_some(buffer_.prepare(answer_reader::most_overhead),
                                                 asio::redirect_error(asio::use_awaitable, error));
    buffer_.commit(size);
    auto data = buffer_.data();
    buffer_.consume(reader.read({static_cast<const char*>(data.data()), data.size()}));
    if (error == asio::error::eof) {
      reader.end();
      error = {};
    }
  }
  stream_.expires_never();
  result.error = error ? classify(error) : reader.error();
  result.answered = reader.got_some() || buffer_.size() != 0;
  last_used_ = clock::now();
  if (!result.error)
    reader.take(buffer_.size() != 0, result);
  reusable_ = result.keep_alive;
  co_return result;
}

std::shared_ptr<bound_connection> async_connection::let_go() {
  return std::make_shared<bound_connection>(stream_.socket().release());
}

void async_connection::on_readable(std::function<void(error_code)> f) {
  stream_.socket().async_wait(tcp::socket::wait_read, std::move(f));
}

void async_connection::close() {
  error_code ignored;
  stream_.socket().close(ignored);
}

} // namespace lockserver
