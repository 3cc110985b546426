#include "net/http/http_answer.hpp"

#include <array>
#include <charconv>
#include <ctime>
#include <ostream> // which Beast forgets

#include <boost/beast/http/status.hpp>

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

// RFC 9110, 11.6.1. Terraform and browsers know only Basic, so it is the first of the list.
constexpr std::string_view challenges = "WWW-Authenticate: Basic realm=\"lockserver\", Bearer\r\n";

// In one piece with what follows it: this is for each answer.
std::string_view type_and_length(media_type x) {
  switch (x) {
    case media_type::text:
      break;
    case media_type::json:
      return "Content-Type: application/json\r\nContent-Length: ";
    case media_type::problem:
      return "Content-Type: application/problem+json\r\nContent-Length: ";
    case media_type::yaml:
      return "Content-Type: application/yaml\r\nContent-Length: ";
  }
  return "Content-Type: text/plain\r\nContent-Length: ";
}

} // namespace

void append(std::string& out, const http_answer& answer) {
  auto& x = answer.content;
  if (answer.version == http_version::v0_9) {
    out += x.body;
    return;
  }
  // No answer is to be kept by a cache on its way: what it says of a lock is true
  // for one client at one time, whatever the method.
  if (x.status == 200) {
    out += "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\n";
  } else {
    out += "HTTP/1.1 ";
    append_number(out, static_cast<std::size_t>(x.status));
    out += ' ';
    out += reason_phrase(x.status);
    out += "\r\nCache-Control: no-store\r\n";
    if (x.status == 401)
      out += challenges;
    if (x.retry_after > 0) {
      out += "Retry-After: ";
      append_number(out, x.retry_after);
      out += "\r\n";
    }
    if (!x.reason.empty()) {
      out += "Lockserver-Error: ";
      out += x.reason;
      out += "\r\n";
    }
  }
  if (!x.allow.empty()) {
    out += "Allow: ";
    out += x.allow;
    out += "\r\n";
  }
  out += date_line();
  if (!answer.keep_alive)
    out += "Connection: close\r\n";
  else if (answer.version == http_version::v1_0)
    out += "Connection: keep-alive\r\n";
  out += type_and_length(x.type);
  append_number(out, x.body.size());
  out += "\r\n\r\n";
  if (!answer.without_body)
    out += x.body;
}

} // namespace lockserver
