#include "net/http/tls_transport.hpp"

#include "net/http/wire_queue.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include <linux/sockios.h>

#include <algorithm>
#include <cctype>
#include <new>
#include <utility>

namespace lockserver {

namespace asio = boost::asio;

namespace {

// See plain_transport.cpp.
constexpr char handshake_record = 0x16;

// The longest content of a record (RFC 8446, 5.1).
constexpr std::size_t max_record = 16 * 1024;

// What is encrypted is kept until the socket takes it: beyond, the rest stays as it is, so
// that it can be counted and given up like that of a plain connection.
constexpr std::size_t max_encrypted = 64 * 1024;

// A buffer that has been larger is given back, so that a connection that waits has none.
constexpr std::size_t max_kept = 1024;

constexpr std::string_view to_plain_http
  = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 21\r\n"
    "Connection: close\r\n\r\nthis port speaks TLS\n";

} // namespace

tls_transport::tls_transport(tcp::socket socket, const https_context& files)
  : transport(std::move(socket)),
    files_(files),
    version_(files.version()),
    session_(*files.now(), buffers_, tls_role::server) {
  is_open_ = false;
}

std::string tls_transport::problem() const {
  return is_plain_ ? "the client speaks plain HTTP, but this port speaks TLS" : session_.failure();
}

std::string_view tls_transport::read(io_thread& host, error_code& ec) {
  auto& buffer = host.read_buffer();
  // Together with the part of a record that is there already, it has room when decrypted.
  auto most = buffer.size() - 2 * max_record;
  std::string_view wire{buffer.data(), socket().read_some(asio::buffer(buffer.data(), most), ec)};
  if (ec)
    return {};
  if (std::exchange(is_first_, false) && !begins_with_tls(wire)) {
    ec = asio::error::no_protocol_option;
    return {};
  }
  return decrypt(wire, host, ec);
}

// What begins with a letter may be a request; all else is for OpenSSL to refuse.
bool tls_transport::begins_with_tls(std::string_view data) {
  is_plain_ = std::isalpha(static_cast<unsigned char>(data.front())) != 0;
  if (is_plain_) {
    has_failed_ = true;
    buffers_.out = to_plain_http;
    note_output();
  }
  return !is_plain_;
}

std::string_view tls_transport::decrypt(std::string_view wire, io_thread& host, error_code& ec) {
  auto& out = host.second_buffer();
  std::size_t size = 0;
  buffers_.in = wire;
  for (;;) {
    std::size_t more = 0;
    auto goes_on = session_.read(out.data() + size, out.size() - size, more);
    size += more;
    if (!goes_on) {
      has_failed_ = !session_.failure().empty();
      ec = has_failed_ ? error_code{asio::error::connection_aborted} : asio::error::eof;
      break;
    }
    if (more == 0) {
      ec = asio::error::would_block;
      break;
    }
  }
  buffers_.in = {};
  if (!is_open_)
    is_open_ = session_.established();
  note_output();
  return {out.data(), size};
}

std::size_t tls_transport::write(std::string_view data, bool is_last, error_code& ec) {
  std::size_t taken = 0;
  do {
    while (taken < data.size() && buffers_.out.size() - out_sent_ < max_encrypted) {
      auto record = data.substr(taken, max_record_written);
      encrypt(record);
      taken += record.size();
    }
    if (is_last && taken == data.size() && is_open_ && !std::exchange(end_written_, true))
      session_.end();
    while (out_sent_ < buffers_.out.size() && !ec)
      out_sent_ += send(std::string_view{buffers_.out}.substr(out_sent_), ec);
    note_output();
    if (ec)
      return taken;
    buffers_.out.clear();
    out_sent_ = 0;
  } while (taken < data.size());
  if (buffers_.out.capacity() > max_kept)
    std::string{}.swap(buffers_.out);
  return taken;
}

// In one record.
void tls_transport::encrypt(std::string_view data) {
  if (marks_.size() >= most_marks_) {
    if (auto queue = bytes_in(SIOCOUTQ, socket()))
      readable_in(sent() - std::min<position>(sent(), *queue));
    most_marks_ = std::max<std::size_t>(64, 2 * marks_.size());
  }
  std::size_t size = 0;
  if (!session_.write(data.data(), data.size(), size) || size != data.size())
    throw std::bad_alloc{}; // for want of which alone it does not take all
  plain_ += data.size();
  marks_.push_back({plain_, sent() + buffers_.out.size() - out_sent_});
}

// A client can read nothing of a record that has not come completely.
transport::position tls_transport::readable_in(position wire) {
  auto last = std::partition_point(marks_.begin(), marks_.end(),
                                   [wire](const mark& x) { return x.wire <= wire; });
  if (last != marks_.begin()) {
    readable_ = std::prev(last)->plain;
    marks_.erase(marks_.begin(), last);
  }
  return readable_;
}

peer_names tls_transport::peer() const {
  return is_open_ ? session_.peer() : peer_names{};
}

bool tls_transport::is_trusted() const {
  auto now = files_.version();
  if (now != version_ && !session_.is_trusted_by(*files_.now()))
    return false;
  version_ = now;
  return true;
}

} // namespace lockserver
