// The baseline: the simplest server that one can write with Beast. It has one thread, and
// answers every request with the same line.
//
// Usage: bench_beast_floor PORT
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <cstdlib>
#include <memory>
#include <optional>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

class session : public std::enable_shared_from_this<session> {
public:
  explicit session(tcp::socket socket) : stream_(std::move(socket)) {
    stream_.socket().set_option(tcp::no_delay{true});
  }

  void do_read() {
    parser_.emplace();
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](beast::error_code ec, std::size_t) {
                       if (!ec)
                         self->do_write();
                     });
  }

private:
  void do_write() {
    answer_ = {};
    answer_.version(11);
    answer_.result(http::status::ok);
    answer_.set(http::field::content_type, "text/plain");
    answer_.body() = "1479000000.123456\n";
    answer_.keep_alive(parser_->keep_alive());
    answer_.prepare_payload();
    http::async_write(stream_, answer_,
                      [self = shared_from_this()](beast::error_code ec, std::size_t) {
                        if (!ec && self->answer_.keep_alive())
                          self->do_read();
                      });
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::empty_body>> parser_;
  http::response<http::string_body> answer_;
};

void do_accept(tcp::acceptor& acceptor) {
  acceptor.async_accept([&acceptor](beast::error_code ec, tcp::socket socket) {
    if (!ec)
      std::make_shared<session>(std::move(socket))->do_read();
    do_accept(acceptor);
  });
}

int main(int argc, char* argv[]) {
  if (argc != 2)
    return 64;
  asio::io_context context{1};
  auto port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), port}};
  do_accept(acceptor);
  context.run();
}
