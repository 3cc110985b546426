#include "net/request_head.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/field.hpp>

#include <algorithm>

namespace lockserver {

namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;

// Keeps what we need of a head and stores nothing else.
class head_parser final : public http::basic_parser<true> {
public:
  explicit head_parser(request_head& out) : out_(out) {
    header_limit(head_reader::max_head);
    body_limit(boost::none);
  }

  bool bad_expectation = false;
  bool has_coding = false;

protected:
  void on_request_impl(http::verb, boost::beast::string_view method,
                       boost::beast::string_view target, int, error_code& ec) override {
    ec = {};
    out_.method = {method.data(), method.size()};
    out_.target = {target.data(), target.size()};
  }
  void on_response_impl(int, boost::beast::string_view, int, error_code&) override {
  }
  void on_field_impl(http::field name, boost::beast::string_view, boost::beast::string_view value,
                     error_code& ec) override {
    ec = {};
    if (name == http::field::expect) {
      out_.expects_continue = boost::beast::iequals(value, "100-continue");
      bad_expectation = !out_.expects_continue;
    } else if (name == http::field::transfer_encoding)
      has_coding = true;
  }
  void on_header_impl(error_code& ec) override {
    ec = {};
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code& ec) override {
    ec = {};
  }
  std::size_t on_body_impl(boost::beast::string_view, error_code& ec) override {
    ec = {};
    return 0;
  }
  void on_chunk_header_impl(std::uint64_t, boost::beast::string_view, error_code& ec) override {
    ec = {};
  }
  std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view,
                                 error_code& ec) override {
    ec = {};
    return 0;
  }
  void on_finish_impl(error_code& ec) override {
    ec = {};
  }

private:
  request_head& out_;
};

bool is_token_char(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
         || std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

// "HTTP/1.1" at the end of a request line.
bool ends_in_version(std::string_view line) {
  constexpr std::string_view form = " HTTP/d.d";
  if (line.size() < form.size())
    return false;
  line.remove_prefix(line.size() - form.size());
  return std::equal(line.begin(), line.end(), form.begin(),
                    [](char c, char f) { return f == 'd' ? c >= '0' && c <= '9' : c == f; });
}

} // namespace

// RFC 9112, 3.2.2: a server must accept the absolute form.
std::string_view without_origin(std::string_view target) noexcept {
  for (std::string_view scheme : {"http://", "https://"})
    if (boost::beast::iequals(target.substr(0, scheme.size()), scheme)) {
      auto path = target.find_first_of("/?", scheme.size());
      return path == std::string_view::npos ? "/" : target.substr(path);
    }
  return target;
}

head_reader::status head_reader::read(std::string_view input) {
  if (line_end_ == 0) {
    if (auto result = read_first_line(input); result != status::complete)
      return result;
    if (head_.version == http_version::v0_9)
      return status::complete;
  }
  // The blank line may start at the end of the first line.
  auto from = std::max(line_end_ - 2, scanned_ < 3 ? 0 : scanned_ - 3);
  auto end = input.find("\r\n\r\n", from);
  if (end == std::string_view::npos) {
    scanned_ = input.size();
    return input.size() > max_head ? fail(431, "the header is longer than 16384 bytes")
                                   : status::incomplete;
  }
  size_ = end + 4;
  if (size_ > max_head)
    return fail(431, "the header is longer than 16384 bytes");
  return read_full(input.substr(0, size_));
}

head_reader::status head_reader::read_first_line(std::string_view input) {
  // A method, a target and " HTTP/1.1".
  constexpr std::size_t max_line = max_target + 32;
  if (!input.empty() && !is_token_char(input.front()))
    return fail(400, "this is not HTTP");
  auto end = input.substr(0, max_line).find('\n', scanned_);
  if (end == std::string_view::npos) {
    scanned_ = input.size();
    return input.size() >= max_line ? fail(414, "the request line is longer than 8192 bytes")
                                    : status::incomplete;
  }
  auto line = input.substr(0, end);
  auto has_cr = line.ends_with('\r');
  if (has_cr)
    line.remove_suffix(1);
  if (!ends_in_version(line)) {
    head_.version = http_version::v0_9;
    size_ = end + 1;
    return read_simple(line);
  }
  head_.version = line.ends_with("1.0") ? http_version::v1_0 : http_version::v1_1;
  if (!has_cr)
    return fail(400, "lines of HTTP/1 must end in CR LF");
  line_end_ = end + 1;
  scanned_ = end + 1;
  return status::complete;
}

// RFC 1945, 4.1: "GET" SP target. The target may contain spaces, because the
// clients that speak this do not encode anything.
head_reader::status head_reader::read_simple(std::string_view line) {
  auto space = line.find(' ');
  if (space == std::string_view::npos)
    return fail(400, "this is not HTTP");
  head_.method = line.substr(0, space);
  head_.target = line.substr(space + 1);
  head_.keep_alive = false;
  head_.has_body = false;
  head_.expects_continue = false;
  if (head_.target.size() > max_target)
    return fail(414, "the target is longer than 8192 bytes");
  return status::complete;
}

head_reader::status head_reader::read_full(std::string_view head) {
  head_.expects_continue = false;
  head_parser parser{head_};
  error_code ec;
  parser.put(boost::asio::const_buffer{head.data(), head.size()}, ec);
  if (ec && ec != http::error::need_more)
    return fail(400, "the request is malformed: " + ec.message());
  if (parser.bad_expectation)
    return fail(417, "only 100-continue can be expected");
  head_.target = without_origin(head_.target);
  if (head_.target.size() > max_target)
    return fail(414, "the target is longer than 8192 bytes");
  head_.keep_alive = parser.keep_alive();
  // Behind any other coding, of which the parser thinks nothing, nobody knows
  // where the next request starts (RFC 9112, 6.3).
  if (parser.has_coding && !parser.chunked())
    return fail(400, "the only transfer coding is chunked");
  head_.has_body = parser.chunked() || parser.content_length().value_or(0) > 0;
  return status::complete;
}

std::string_view head_reader::target_in(std::string_view input) noexcept {
  auto target = input.substr(std::min(input.size(), input.find(' ')));
  if (!target.empty())
    target.remove_prefix(1);
  return without_origin(target.substr(0, target.find_first_of(" \r\n")));
}

head_reader::status head_reader::fail(int http_status, std::string reason) {
  error_ = {http_status, std::move(reason)};
  return status::error;
}

} // namespace lockserver
