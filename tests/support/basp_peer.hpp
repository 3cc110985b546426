// A peer of the CAF port that has made the handshake of a real node, and then sends the
// bytes that a test gives it.
#pragma once

#include "tests/support/caf_node.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <cstdint>
#include <string>

namespace test {

/// The head of a BASP message: operation, flags, length of the payload, message id, and
/// the two actors.
inline std::string basp_head(char operation, std::uint32_t length, std::uint64_t id = 0,
                             std::uint64_t sender = 0, std::uint64_t receiver = 0, char flags = 0) {
  std::string result{operation, 0, 0, flags};
  auto put = [&](std::uint64_t x, int size) {
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
      result += static_cast<char>(x >> shift);
  };
  put(length, 4);
  put(id, 8);
  put(sender, 8);
  put(receiver, 8);
  return result;
}

class basp_peer {
public:
  using tcp = boost::asio::ip::tcp;

  /// @param deaf has a small receive window, so that unread output stays at the server.
  explicit basp_peer(std::uint16_t port, bool deaf = false) : socket_(context_) {
    // A real node sends its handshake first. Let one connect to us, to copy it.
    tcp::acceptor server{context_, {boost::asio::ip::address_v4::loopback(), 0}};
    caf_node node{server.local_endpoint().port()};
    auto real = server.accept();
    introduction_ = message_from(real);

    socket_.open(tcp::v4());
    if (deaf)
      socket_.set_option(boost::asio::socket_base::receive_buffer_size{4096});
    socket_.connect({boost::asio::ip::address_v4::loopback(), port});
    welcome_ = message_from(socket_);
    send(introduction_);
  }

  /// The bytes with which CAF names this node and the server.
  std::string node() const {
    return introduction_.substr(32);
  }
  std::string servers_node() const {
    return welcome_.substr(32, node().size());
  }

  /// The number of the server's published actor. It is before the names of the messages
  /// that the actor understands, and after the name of the application (which has a
  /// length).
  std::uint64_t published() const {
    const std::string application = "generic-caf-app";
    auto at = welcome_.find(application) + application.size();
    std::uint64_t result = 0;
    for (std::size_t i = 0; i < 8; ++i)
      result = result << 8 | static_cast<unsigned char>(welcome_.at(at + i));
    return result;
  }

  /// The handshake of the same node, or of another one.
  std::string introduction(const std::string& node) const {
    return introduction_.substr(0, 32) + node;
  }

  /// Returns whether the server still accepts it.
  bool send(const std::string& bytes) {
    boost::system::error_code failed;
    boost::asio::write(socket_, boost::asio::buffer(bytes), failed);
    return !failed;
  }

  /// Reads until the server has closed the connection.
  void wait_for_close() {
    boost::system::error_code failed;
    std::string bytes(4096, '\0');
    while (!failed)
      socket_.read_some(boost::asio::buffer(bytes), failed);
  }

private:
  static std::string message_from(tcp::socket& x) {
    std::string result(32, '\0');
    boost::asio::read(x, boost::asio::buffer(result));
    auto length = static_cast<unsigned char>(result[6]) * 256U
                  + static_cast<unsigned char>(result[7]);
    result.resize(32 + length);
    boost::asio::read(x, boost::asio::buffer(result.data() + 32, length));
    return result;
  }

  boost::asio::io_context context_;
  tcp::socket socket_;
  std::string introduction_;
  std::string welcome_;
};

} // namespace test
