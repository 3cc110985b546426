#include "net/http/request_head.hpp"

#include "actors/rules/same_text.hpp"
#include "net/http/plain_parser.hpp"
#include "net/session/host_rule.hpp"

#include <boost/beast/http/field.hpp>
#include <boost/beast/http/rfc7230.hpp>

#include <algorithm>

namespace lockserver {

namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;

std::string_view view(boost::beast::string_view x) {
  return {x.data(), x.size()};
}

// What Transfer-Encoding says (RFC 9112, 6.1). Only `chunked`, once and alone,
// is taken: on everything else servers and the proxies before them disagree.
class transfer_codings {
public:
  void add(boost::beast::string_view value) {
    ++fields_;
    is_plain_ = same_text(value, "chunked");
    http::opt_token_list list{value};
    well_formed_ = well_formed_ && http::validate_list(list);
    if (!well_formed_)
      return;
    for (auto name : list) {
      well_formed_ = well_formed_ && !ends_in_chunked_; // nothing may follow it
      ends_in_chunked_ = same_text(name, "chunked");
      ++codings_;
    }
  }

  bool given() const {
    return fields_ > 0;
  }
  bool chunked() const {
    return fields_ == 1 && is_plain_;
  }
  /// Well-formed, and the end of the body could be found: only nobody here
  /// knows what is in it.
  bool unknown() const {
    return well_formed_ && ends_in_chunked_ && codings_ > 1;
  }

private:
  int fields_ = 0;
  int codings_ = 0;
  bool is_plain_ = false;
  bool well_formed_ = true;
  bool ends_in_chunked_ = false;
};

// Keeps what we need of the fields and stores nothing else.
class head_parser final : public plain_parser {
public:
  head_parser() {
    header_limit(head_reader::max_head);
    body_limit(boost::none);
  }

  std::size_t method_size = 0;
  std::size_t target_size = 0;
  int hosts = 0;
  std::string_view host;
  int content_types = 0;
  std::string_view content_type;
  std::string_view expectation;
  authorization_field credentials;
  transfer_codings codings;
  bool close = false;
  bool keep_alive = false;
  bool from_other_site = false;

protected:
  void on_request_impl(http::verb, text method, text target, int, error_code& ec) override {
    ec = {};
    method_size = method.size();
    target_size = target.size();
  }
  void on_field_impl(http::field name, text, text value, error_code& ec) override {
    ec = {};
    switch (name) {
      case http::field::host:
        ++hosts;
        host = view(value);
        break;
      case http::field::content_type:
        ++content_types;
        content_type = view(value);
        break;
      case http::field::authorization:
        ++credentials.count;
        credentials.value = view(value);
        break;
      case http::field::connection:
        for (auto option : http::token_list{value}) {
          close = close || same_text(option, "close");
          keep_alive = keep_alive || same_text(option, "keep-alive");
        }
        break;
      case http::field::expect:
        expectation = view(value);
        break;
      case http::field::transfer_encoding:
        codings.add(value);
        break;
      case http::field::sec_fetch_site:
        from_other_site = same_text(value, "cross-site") || same_text(value, "same-site");
        break;
      default:
        break;
    }
  }
};

// Parses a whole head. Of HTTP/1.2 and later Beast knows nothing, but they are
// read like HTTP/1.1 (RFC 9110, 2.5).
error_code parse(head_parser& parser, std::string_view head, std::size_t line_size) {
  using boost::asio::const_buffer;
  error_code ec;
  auto minor = line_size - 3; // before CR LF
  if (head[minor] == '0' || head[minor] == '1') {
    parser.put(const_buffer{head.data(), head.size()}, ec);
    return ec == http::error::need_more ? error_code{} : ec;
  }
  std::string line{head.substr(0, line_size)};
  line[minor] = '1';
  parser.put(const_buffer{line.data(), line.size()}, ec);
  head.remove_prefix(line_size);
  if (ec == http::error::need_more)
    parser.put(const_buffer{head.data(), head.size()}, ec);
  return ec == http::error::need_more ? error_code{} : ec;
}

bool is_token_char(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
         || std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// "HTTP/1.1" at the end of a request line.
bool ends_in_version(std::string_view line) {
  constexpr std::string_view form = " HTTP/d.d";
  if (line.size() < form.size())
    return false;
  line.remove_prefix(line.size() - form.size());
  return std::equal(line.begin(), line.end(), form.begin(),
                    [](char c, char f) { return f == 'd' ? is_digit(c) : c == f; });
}

// A request line that was to have a version, such as "GET / http/1.1". A name
// of Lock::Server's may have blanks, and even "HTTP" behind one, but then a
// slash and a digit can hardly follow.
bool has_wrong_version(std::string_view line) {
  constexpr std::string_view name = "http";
  for (auto at = line.find('/'); at != std::string_view::npos; at = line.find('/', at + 1)) {
    auto before = line.substr(0, at);
    before = before.substr(0, before.find_last_not_of(" \t") + 1);
    if (before.size() <= name.size() || at + 1 == line.size() || !is_digit(line[at + 1]))
      continue;
    before.remove_prefix(before.size() - name.size() - 1);
    if ((before.front() == ' ' || before.front() == '\t') && same_text(before.substr(1), name))
      return true;
  }
  return false;
}

// The size of the scheme that a target in absolute form begins with, or 0.
std::size_t scheme_size(std::string_view target) noexcept {
  if (!target.starts_with('/')) // nearly all do
    for (std::string_view scheme : {"http://", "https://"})
      if (same_text(target.substr(0, scheme.size()), scheme))
        return scheme.size();
  return 0;
}

// The target without the scheme and host that it may begin with: a server must
// accept the absolute form (RFC 9112, 3.2.2).
std::string_view without_origin(std::string_view target) noexcept {
  auto scheme = scheme_size(target);
  if (scheme == 0)
    return target;
  auto path = target.find_first_of("/?", scheme);
  return path == std::string_view::npos ? "/" : target.substr(path);
}

} // namespace

head_reader::status head_reader::read(std::string_view input) {
  if (line_end_ == 0) {
    head_ = {};
    if (auto result = read_first_line(input); result != status::complete)
      return result;
    if (head_.version == http_version::v0_9)
      return status::complete;
  }
  return read_fields(input);
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
    size_ = end + 1;
    return read_simple(line);
  }
  if (line[line.size() - 3] != '1')
    return fail(505, "the versions of HTTP here are 1.1, 1.0 and 0.9");
  head_.version = line.ends_with('0') ? http_version::v1_0 : http_version::v1_1;
  if (!has_cr)
    return fail(400, "lines of HTTP/1 must end in CR LF");
  line_end_ = end + 1;
  last_end_ = end;
  scanned_ = end + 1;
  return status::complete;
}

// RFC 1945, 4.1: "GET" SP target. The target may contain spaces, because the
// clients that speak this do not encode anything.
head_reader::status head_reader::read_simple(std::string_view line) {
  auto is_simple = line.starts_with("GET /") || line.starts_with("POST /");
  if (!is_simple || !is_first_ || has_wrong_version(line))
    return fail(400, "a request begins with a line such as GET /PING HTTP/1.1");
  auto space = line.find(' ');
  head_.version = http_version::v0_9;
  head_.method = line.substr(0, space);
  head_.target = line.substr(space + 1);
  if (head_.target.size() > max_target)
    return fail(414, "the target is longer than 8192 bytes");
  return status::complete;
}

// Looks for the empty line, line by line.
head_reader::status head_reader::read_fields(std::string_view input) {
  auto too_long = [this] { return fail(431, "the header is longer than 16384 bytes"); };
  for (;;) {
    auto end = input.find('\n', scanned_);
    if (end == std::string_view::npos) {
      scanned_ = input.size();
      return input.size() > max_head ? too_long() : status::incomplete;
    }
    auto line = input.substr(last_end_ + 1, end - last_end_ - 1);
    if (!line.ends_with('\r'))
      return fail(400, "lines of HTTP/1 must end in CR LF");
    last_end_ = end;
    scanned_ = end + 1;
    if (scanned_ > max_head)
      return too_long();
    if (line.size() == 1) {
      size_ = scanned_;
      return read_full(input.substr(0, size_));
    }
    // An obsolete folding may be refused (RFC 9112, 5.2), and who sends one now
    // means that others should read something else.
    if (line.front() == ' ' || line.front() == '\t')
      return fail(400, "a line of the header must not begin with a blank");
  }
}

head_reader::status head_reader::read_full(std::string_view head) {
  head_parser parser;
  if (auto ec = parse(parser, head, line_end_))
    return fail(400, "the request is malformed: " + ec.message());
  auto is_1_0 = head_.version == http_version::v1_0;
  head_.method = head.substr(0, parser.method_size);
  auto target = head.substr(parser.method_size + 1, parser.target_size);
  head_.target = without_origin(target);
  if (head_.target.size() > max_target)
    return fail(414, "the target is longer than 8192 bytes");
  // A proxy may cut it off there (RFC 9112, 3.2: a target has no fragment).
  if (head_.target.find('#') != std::string_view::npos)
    return fail(400, "the target has a '#', which must be written as %23");
  // RFC 9110, 7.4: what was to go over TLS has come without it.
  if (same_text(target.substr(0, 8), "https://"))
    return fail(400, "this port serves http, not https");

  if (parser.hosts != 1 && !(parser.hosts == 0 && is_1_0))
    return fail(400, parser.hosts == 0 ? "HTTP/1.1 needs a Host" : "Host is there twice");
  head_.host = parser.host;
  // RFC 9112, 3.2.2: with an absolute target, its host counts instead.
  if (auto scheme = scheme_size(target); scheme > 0) {
    target.remove_prefix(scheme);
    head_.host = target.substr(0, target.find_first_of("/?"));
    if (head_.host.empty())
      return fail(400, "the target names no host");
  }
  if (!is_host(head_.host))
    return fail(400, "the host is malformed: it must be a name or an address, and maybe a port");

  if (parser.codings.unknown())
    return fail(501, "the only transfer coding here is chunked, without others before it");
  // Behind any other coding nobody knows where the next request starts (RFC
  // 9112, 6.3).
  if (parser.codings.given() && !parser.codings.chunked())
    return fail(400, "Transfer-Encoding must be chunked");
  if (parser.content_types > 1)
    return fail(400, "Content-Type is there twice");
  // HTTP/1.0 has no expectations: to it, this is an unknown field.
  head_.expects_continue = !is_1_0 && !parser.expectation.empty();
  if (head_.expects_continue && !same_text(parser.expectation, "100-continue"))
    return fail(417, "only 100-continue can be expected");

  // RFC 9112, 6.1: who sends chunks in HTTP/1.0 may mean something else by them.
  head_.keep_alive = !parser.close
                     && (is_1_0 ? parser.keep_alive && !parser.codings.given() : true);
  head_.content_type = parser.content_type;
  head_.credentials = parser.credentials;
  head_.chunked = parser.codings.chunked();
  head_.content_length = head_.chunked ? 0 : parser.content_length().value_or(0);
  head_.has_body = head_.chunked || head_.content_length > 0;
  head_.from_other_site = parser.from_other_site;
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
