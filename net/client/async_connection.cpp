#include "net/client/async_connection.hpp"

#include "lockserver/client_error.hpp"
#include "net/client/bound_connection.hpp"
#include "net/client/client_answer.hpp"
#include "net/client/client_socket.hpp"
#include "net/client/name_lookup.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/write.hpp>

#include <openssl/err.h>

#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace lockserver {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

bool is_loopback(const tcp::endpoint& x) {
  auto address = x.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
  return address.is_loopback();
}

} // namespace

async_connection::async_connection(const asio::any_io_executor& executor,
                                   const client_target& target)
  : stream_(executor),
    host_header_(host_header(target.host, target.port)),
    token_(target.options.token),
    process_(getpid()) {
}

asio::awaitable<async_connection::pointer>
async_connection::open(asio::any_io_executor executor, const client_target& target,
                       clock::time_point deadline, exchange_result& failed) {
  auto result = std::make_shared<async_connection>(executor, target);
  error_code error;
  auto endpoints = co_await look_up(executor, target.host, target.port, deadline, error);
  // The addresses count and not the name: in a container without a file of hosts, even
  // localhost is what a name server says.
  auto exposed = !result->token_.empty() && !target.tls
                 && !std::all_of(endpoints.begin(), endpoints.end(), is_loopback);
  if (exposed) {
    failed.error = errc::tls_required;
    failed.why.clear();
    co_return nullptr;
  }
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
  failed.error = classify_connect(error);
  failed.why.clear();
  if (!failed.error && target.tls)
    co_await result->shake_hands(target, failed);
  if (failed.error)
    co_return nullptr;
  co_return result;
}

asio::awaitable<void> async_connection::shake_hands(const client_target& target,
                                                    exchange_result& failed) {
  error_code error;
  tls_.emplace(stream_, target.tls->new_session().release());
  co_await tls_->async_handshake(asio::ssl::stream_base::client,
                                 asio::redirect_error(asio::use_awaitable, error));
  if (!error)
    co_return;
  failed.error = classify_connect(error);
  auto cut_off = error == asio::ssl::error::stream_truncated || error == asio::error::eof;
  if (error.category() != asio::error::get_ssl_category() && !cut_off)
    co_return;
  failed.error = errc::unreachable;
  failed.why = cut_off ? "the server has closed the connection instead of a handshake of TLS"
                       : handshake_failure(*tls_->native_handle(), error.message());
}

async_connection::pointer async_connection::share(const asio::any_io_executor& executor,
                                                  const client_target& target,
                                                  const bound_connection& x) {
  auto result = std::make_shared<async_connection>(executor, target);
  error_code ec;
  adopt(result->stream_.socket(), x.share(), ec);
  if (ec)
    return nullptr;
  if (auto tls = x.share_tls())
    result->tls_.emplace(result->stream_, tls.release());
  return result;
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
  auto request = to_request(call, host_header_, token_);
  exchange_result result;
  error_code error;
  stream_.expires_at(deadline);
  auto completion = asio::redirect_error(asio::use_awaitable, error);
  std::size_t written = 0;
  if (tls_)
    written = co_await boost::beast::http::async_write(*tls_, request, completion);
  else
    written = co_await boost::beast::http::async_write(stream_, request, completion);
  result.sent = written > 0;
  answer_reader reader{call.answer_limit};
  while (!error && !reader.done() && !reader.error()) {
    auto room = buffer_.prepare(answer_reader::most_overhead);
    std::size_t size = 0;
    if (tls_)
      size = co_await tls_->async_read_some(room, completion);
    else
      size = co_await stream_.async_read_some(room, completion);
    buffer_.commit(size);
    auto data = buffer_.data();
    buffer_.consume(reader.read({static_cast<const char*>(data.data()), data.size()}));
    if (error == asio::error::eof) {
      reader.end();
      error = {};
    }
  }
  stream_.expires_never();
  result.error = reader.error();
  if (error)
    note_error(error, result);
  result.answered = reader.got_some() || buffer_.size() != 0;
  last_used_ = clock::now();
  if (!result.error)
    reader.take(buffer_.size() != 0, result);
  is_new_ = false;
  reusable_ = result.keep_alive;
  co_return result;
}

// A server of TLS 1.3 says only after the handshake that it does not take the client: by an
// alert, and then it has read nothing of the request.
void async_connection::note_error(error_code ec, exchange_result& result) const {
  result.error = classify(ec);
  auto is_alert = ec.category() == asio::error::get_ssl_category()
                  && ERR_GET_REASON(static_cast<unsigned long>(ec.value())) >= SSL_AD_REASON_OFFSET;
  if (!is_alert || !is_new_)
    return;
  result.error = errc::unreachable;
  result.why = ec.message();
  result.sent = false;
}

std::shared_ptr<bound_connection> async_connection::let_go() {
  ssl_pointer tls;
  if (tls_ && SSL_up_ref(tls_->native_handle()) == 1)
    tls.reset(tls_->native_handle());
  return std::make_shared<bound_connection>(stream_.socket().release(), std::move(tls));
}

void async_connection::on_readable(std::function<void(error_code)> f) {
  stream_.socket().async_wait(tcp::socket::wait_read, std::move(f));
}

void async_connection::close() {
  error_code ignored;
  stream_.socket().close(ignored);
}

} // namespace lockserver
