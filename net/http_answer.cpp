#include "net/http_answer.hpp"

#include "net/lock_server_dialect.hpp"

#include <boost/beast/http/status.hpp>

#include <array>
#include <charconv>
#include <ctime>

namespace lockserver {

namespace {

// RFC 9110, 6.6.1: an origin server with a clock sends the date. Made once a
// second and thread, since it is the same for thousands of answers.
std::string_view date_line() {
  struct cache {
    std::time_t when = 0;
    std::array<char, 48> text{};
    std::size_t size = 0;
  };
  thread_local cache line;
  auto now = std::time(nullptr);
  if (now != line.when) {
    std::tm utc{};
    gmtime_r(&now, &utc);
    line.size = std::strftime(line.text.data(), line.text.size(),
                              "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
    line.when = now;
  }
  return {line.text.data(), line.size};
}

void append_number(std::string& out, std::size_t x) {
  std::array<char, 24> digits{};
  auto [end, ec] = std::to_chars(digits.data(), digits.data() + digits.size(), x);
  out.append(digits.data(), end);
}

} // namespace

void append(std::string& out, const http_answer& x) {
  if (x.version == http_version::v0_9) {
    out += x.body;
    return;
  }
  if (x.status == 200) {
    out += "HTTP/1.1 200 OK\r\n";
  } else {
    out += "HTTP/1.1 ";
    append_number(out, static_cast<std::size_t>(x.status));
    out += ' ';
    out += boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(x.status));
    out += "\r\n";
    if (x.status == 405) {
      out += "Allow: ";
      out += allowed_methods;
      out += "\r\n";
    }
    out += "Lockserver-Error: ";
    out += x.reason;
    out += "\r\n";
  }
  out += date_line();
  if (!x.keep_alive)
    out += "Connection: close\r\n";
  else if (x.version == http_version::v1_0)
    out += "Connection: keep-alive\r\n";
  out += "Content-Type: text/plain\r\nContent-Length: ";
  append_number(out, x.body.size());
  out += "\r\n\r\n";
  if (!x.without_body)
    out += x.body;
}

} // namespace lockserver
