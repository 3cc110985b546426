#include "net/request_body.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace lockserver {

namespace http = boost::beast::http;

struct body_reader::impl {
  http::request_parser<http::string_body> parser;
};

body_reader::body_reader() : impl_(std::make_unique<impl>()) {
  auto& parser = impl_->parser;
  parser.eager(true);
  parser.header_limit(head_reader::max_head);
  parser.body_limit(max_body);
}

body_reader::~body_reader() = default;

std::size_t body_reader::read(std::string_view input) {
  auto& parser = impl_->parser;
  std::size_t used = 0;
  while (used < input.size() && !parser.is_done()) {
    boost::system::error_code ec;
    auto size = parser.put(boost::asio::const_buffer{input.data() + used, input.size() - used}, ec);
    used += size;
    if (ec == http::error::need_more)
      break;
    if (ec) {
      status_ = status::error;
      error_ = ec == http::error::body_limit
                 ? head_error{413, "the body is longer than 65536 bytes"}
                 : head_error{400, "the request is malformed: " + ec.message()};
      return used;
    }
  }
  if (parser.is_done())
    status_ = status::complete;
  return used;
}

namespace {

std::string_view view(boost::beast::string_view x) {
  return {x.data(), x.size()};
}

} // namespace

std::string_view body_reader::method() const {
  return view(impl_->parser.get().method_string());
}

std::string_view body_reader::target() const {
  return without_origin(view(impl_->parser.get().target()));
}

std::string_view body_reader::content_type() const {
  return view(impl_->parser.get()[http::field::content_type]);
}

std::string_view body_reader::body() const {
  return impl_->parser.get().body();
}

} // namespace lockserver
