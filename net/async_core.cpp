#include "net/async_core.hpp"

#include "lockserver/client_error.hpp"
#include "net/client_answer.hpp"
#include "net/client_socket.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/write.hpp>

#include <unistd.h>
#include <utility>

namespace lockserver {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using clock = effort::clock;

namespace {

// More requests at a time are fine, but their connections are not kept.
constexpr std::size_t most_idle = 8;

} // namespace

struct async_core::peer {
  explicit peer(const asio::any_io_executor& executor) : stream(executor) {
  }

  boost::beast::tcp_stream stream;
  boost::beast::flat_buffer buffer;
  std::string host;
  clock::time_point last_used{};
  const pid_t process = getpid();

  // As `client_connection::usable`.
  bool usable() {
    if (process != getpid()) // the connection is the parent's
      return false;
    char byte;
    error_code ec;
    stream.socket().receive(asio::buffer(&byte, 1), tcp::socket::message_peek, ec);
    return ec == asio::error::would_block && clock::now() - last_used <= longest_idle;
  }
};

async_core::async_core(const asio::any_io_executor& x, std::string host_name,
                       std::uint16_t port_number, const client_options& o)
  : executor(asio::make_strand(x)), host(std::move(host_name)), port(port_number), options(o) {
}

async_core::connection_ptr async_core::take_idle() {
  while (!idle_.empty()) {
    auto result = std::move(idle_.back());
    idle_.pop_back();
    if (result->usable())
      return result;
  }
  return nullptr;
}

void async_core::keep(const exchange_result& result, const answer_check& check,
                      connection_ptr connection) {
  auto sensible = !result.error && (!check || check(result));
  if (sensible && result.keep_alive && idle_.size() < most_idle)
    idle_.push_back(std::move(connection));
}

asio::awaitable<async_core::connection_ptr> async_core::open(clock::time_point deadline,
                                                             std::error_code& ec) {
  auto result = std::make_shared<peer>(executor);
  error_code error;
  std::vector<tcp::endpoint> endpoints;
  if (auto address = asio::ip::make_address(host, error); !error) {
    endpoints.emplace_back(address, port);
  } else {
    tcp::resolver resolver{executor};
    auto found = co_await resolver.async_resolve(host, std::to_string(port),
                                                 tcp::resolver::numeric_service,
                                                 asio::redirect_error(asio::use_awaitable, error));
    for (const auto& entry : found)
      endpoints.push_back(entry.endpoint());
  }
  auto& stream = result->stream;
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
  result->host = host_header(host, port);
  co_return result;
}

asio::awaitable<async_core::connection_ptr> async_core::connect(const effort& limits,
                                                                std::error_code& ec) {
  asio::steady_timer timer{executor};
  for (unsigned attempt = 1;; ++attempt) {
    auto result = co_await open(limits.until(limits.connect), ec);
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
      ec = errc::cancelled;
    if (result || attempt == limits.attempts || ec == errc::cancelled)
      co_return result;
    error_code error;
    timer.expires_at(limits.until(limits.pause * attempt));
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (error || clock::now() >= limits.give_up)
      co_return nullptr;
  }
}

asio::awaitable<exchange_result>
async_core::exchange(connection_ptr connection, const http_call& call, clock::time_point deadline) {
  auto request = to_request(call, connection->host);
  exchange_result result;
  error_code error;
  auto& stream = connection->stream;
  auto& buffer = connection->buffer;
  stream.expires_at(deadline);
  auto written = co_await http::async_write(stream, request,
                                            asio::redirect_error(asio::use_awaitable, error));
  result.sent = written > 0;
  answer_reader reader{call.answer_limit};
  while (!error && !reader.done() && !reader.error()) {
    auto size = co_await stream.async_read_some(buffer.prepare(answer_reader::most_overhead),
                                                asio::redirect_error(asio::use_awaitable, error));
    buffer.commit(size);
    auto data = buffer.data();
    buffer.consume(reader.read({static_cast<const char*>(data.data()), data.size()}));
    if (error == asio::error::eof) {
      reader.end();
      error = {};
    }
  }
  stream.expires_never();
  result.error = error ? classify(error) : reader.error();
  result.answered = reader.got_some() || buffer.size() != 0;
  connection->last_used = clock::now();
  if (!result.error)
    reader.take(buffer.size() != 0, result);
  co_return result;
}

asio::awaitable<exchange_result> async_core::ask(http_call call, repeat again, effort limits,
                                                 answer_check check) {
  co_await asio::this_coro::throw_if_cancelled(false);
  auto self = shared_from_this();
  exchange_result result;
  auto repeats = again == repeat::once ? 1 : 0;
  auto sent = false;
  if (auto connection = take_idle()) {
    result = co_await exchange(connection, call, limits.until(limits.answer));
    auto lost = result.error == errc::connection_lost;
    auto unseen = lost && !result.answered;
    auto goes_on = (unseen && (!result.sent || again != repeat::never))
                   || (lost && again == repeat::once);
    if (!goes_on) {
      keep(result, check, std::move(connection));
      co_return result;
    }
    sent = result.sent;
    if (sent)
      repeats = 0;
  }
  for (;; --repeats) {
    std::error_code ec;
    auto connection = co_await connect(limits, ec);
    if (!connection) {
      result = {};
      result.error = ec;
      result.repeated = sent;
      co_return result;
    }
    result = co_await exchange(connection, call, limits.until(limits.answer));
    result.repeated = std::exchange(sent, sent || result.sent);
    if (result.error != errc::connection_lost || repeats == 0) {
      keep(result, check, std::move(connection));
      co_return result;
    }
  }
}

} // namespace lockserver
