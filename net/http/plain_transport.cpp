#include "net/http/plain_transport.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

namespace lockserver {

namespace asio = boost::asio;

namespace {

// The type of the record with which a client begins the handshake of TLS (RFC 8446, 5.1).
// No request begins so.
constexpr char handshake_record = 0x16;

// What a client of TLS understands: the fatal alert handshake_failure, as TLS 1.2.
constexpr std::string_view alert{"\x15\x03\x03\x00\x02\x02\x28", 7};

} // namespace

std::size_t transport::send(std::string_view data, error_code& ec) {
  auto size = socket_.write_some(asio::buffer(data.data(), data.size()), ec);
  sent_ += size;
  return size;
}

std::string plain_transport::problem() const {
  return "the client speaks TLS, but this port is plain";
}

std::string_view plain_transport::read(io_thread& host, error_code& ec) {
  auto& buffer = host.read_buffer();
  std::string_view result{buffer.data(), socket().read_some(asio::buffer(buffer), ec)};
  if (is_first_ && !ec) {
    is_first_ = false;
    if (result.front() == handshake_record) {
      is_open_ = false;
      unsent_ = alert.size();
      ec = asio::error::no_protocol_option;
      return {};
    }
  }
  return result;
}

std::size_t plain_transport::write(std::string_view data, bool, error_code& ec) {
  if (!is_open_) {
    unsent_ -= send(alert.substr(alert.size() - unsent_), ec);
    return 0;
  }
  return send(data, ec);
}

} // namespace lockserver
