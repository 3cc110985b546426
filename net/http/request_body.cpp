#include "net/http/request_body.hpp"

#include "actors/rules/first_chunk.hpp"
#include "net/http/plain_parser.hpp"

#include <boost/asio/buffer.hpp>

#include <algorithm>

namespace lockserver {

namespace http = boost::beast::http;
using boost::beast::error_code;

namespace {

boost::asio::const_buffer buffer(std::string_view x) {
  return {x.data(), x.size()};
}

// What Beast does not look for between quotes.
bool has_control_character(boost::beast::string_view x) {
  return std::any_of(x.begin(), x.end(), [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f';
  });
}

} // namespace

// Keeps the data of the chunks, and nothing else.
class body_reader::chunk_parser final : public plain_parser {
public:
  explicit chunk_parser(std::string& out) : out_(out) {
    eager(true);
    body_limit(max_body);
    // The real head has been read already: this one says no more than that
    // chunks follow.
    error_code ec;
    put(buffer("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), ec);
    trailers_ = 0; // that was none
  }

protected:
  void on_field_impl(http::field, text name, text value, error_code& ec) override {
    ec = {};
    trailers_ += name.size() + value.size() + 4; // a colon, a blank, a line end
    if (trailers_ > max_extra)
      ec = http::error::header_limit;
  }
  void on_chunk_header_impl(std::uint64_t, text extensions, error_code& ec) override {
    ec = {};
    extensions_ += extensions.size();
    if (extensions_ > max_extra || has_control_character(extensions))
      ec = http::error::bad_chunk_extension;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, text data, error_code& ec) override {
    ec = {};
    out_.append(data.data(), data.size());
    return data.size();
  }

private:
  std::string& out_;
  std::size_t extensions_ = 0; // bytes, of all chunks
  std::size_t trailers_ = 0;   // bytes
};

namespace {

// Beast takes the line of a chunk, and with the last one the trailers, only
// when they are whole. Returns what is wrong with a beginning of them.
head_error check_unfinished(std::string_view x) {
  if (x.starts_with("\r\n")) // of the chunk before
    x.remove_prefix(2);
  auto line_end = x.find("\r\n");
  auto line = x.substr(0, line_end);
  if (line.find('\n') != std::string_view::npos)
    return {400, "the line of a chunk ends with LF alone, instead of CR LF"};
  auto size = line.substr(0, line.find_first_of("; \t"));
  auto is_last = !size.empty() && size.find_first_not_of('0') == std::string_view::npos;
  auto is_whole = (is_last ? x.find("\r\n\r\n") : line_end) != std::string_view::npos;
  if (is_whole)
    return {400, "a chunk is malformed: a quoted string in its extension has no end"};
  if (x.size() <= body_reader::max_extra)
    return {};
  if (is_last && line_end != std::string_view::npos)
    return {431, "the trailers are longer than 16384 bytes"};
  return {400, "the line of a chunk is longer than 16384 bytes"};
}

} // namespace

body_reader::body_reader(const request_head& head)
  : method_(head.method),
    target_(head.target),
    content_type_(head.content_type),
    credentials_(head.credentials.value),
    credentials_count_(head.credentials.count) {
  if (head.chunked)
    chunks_ = std::make_unique<chunk_parser>(body_);
  else if (head.content_length > max_body)
    fail(413, "the body is longer than 65536 bytes");
  else
    length_ = static_cast<std::size_t>(head.content_length);
}

body_reader::~body_reader() = default;

std::size_t body_reader::read(std::string_view input) {
  return chunks_ ? read_chunks(input) : read_sized(input);
}

std::size_t body_reader::read_sized(std::string_view input) {
  auto part = input.substr(0, length_ - body_.size());
  body_ += part;
  if (body_.size() == length_)
    status_ = status::complete;
  return part.size();
}

std::size_t body_reader::read_chunks(std::string_view input) {
  if (!begun_ && is_cut_short(input))
    return 0;
  std::size_t used = 0;
  error_code ec;
  while (!ec && used < input.size() && !chunks_->is_done())
    used += chunks_->put(buffer(input.substr(used)), ec);
  begun_ = begun_ || used > 0;
  if (chunks_->is_done()) {
    status_ = status::complete;
  } else if (ec == http::error::need_more) {
    if (auto wrong = check_unfinished(input.substr(used)); wrong.status != 0)
      fail(wrong.status, std::move(wrong.reason));
  } else if (ec == http::error::header_limit) {
    fail(431, "the trailers are longer than 16384 bytes");
  } else if (ec == http::error::body_limit) {
    fail(413, "the body is longer than 65536 bytes");
  } else if (ec) {
    fail(400, "the body is malformed: " + ec.message());
  }
  return used;
}

void body_reader::fail(int http_status, std::string reason) {
  status_ = status::error;
  error_ = {http_status, std::move(reason)};
}

} // namespace lockserver
