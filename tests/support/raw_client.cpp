#include "tests/support/raw_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace test {

namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error{what};
}

[[noreturn]] void fail_with_errno(const std::string& what) {
  throw std::system_error{errno, std::generic_category(), what};
}

int milliseconds_until(clock::time_point deadline) {
  auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
  return static_cast<int>(std::max(left, std::chrono::milliseconds::zero()).count());
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

} // namespace

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  auto deadline = clock::now() + limit;
  while (!condition()) {
    if (clock::now() > deadline)
      return false;
    poll(nullptr, 0, 1);
  }
  return true;
}

std::string get(std::string_view target, std::string_view headers) {
  std::string result{"GET "};
  result += target;
  result += " HTTP/1.1\r\nHost: localhost\r\n";
  result += headers;
  result += "\r\n";
  return result;
}

std::string repeat(std::string_view text, std::size_t count) {
  std::string result;
  result.reserve(text.size() * count);
  for (std::size_t i = 0; i < count; ++i)
    result += text;
  return result;
}

bool is_expiry(std::string_view text) {
  constexpr std::string_view form = "1234567890.123456\n";
  return text.size() == form.size()
         && std::equal(text.begin(), text.end(), form.begin(),
                       [](char c, char f) { return is_digit(f) ? is_digit(c) : c == f; });
}

// -- one connection -----------------------------------------------------------

raw_client::raw_client(std::uint16_t port, int receive_buffer)
  : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  if (receive_buffer != 0)
    setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, reinterpret_cast<sockaddr*>(&where), sizeof(where)) != 0) {
    auto error = errno;
    ::close(std::exchange(socket_, -1));
    errno = error;
    fail_with_errno("connect");
  }
  int yes = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

raw_client::raw_client(raw_client&& other) noexcept
  : socket_(std::exchange(other.socket_, -1)),
    received_(std::move(other.received_)),
    read_(std::exchange(other.read_, 0)) {
}

raw_client& raw_client::operator=(raw_client&& other) noexcept {
  close();
  socket_ = std::exchange(other.socket_, -1);
  received_ = std::move(other.received_);
  read_ = std::exchange(other.read_, 0);
  return *this;
}

raw_client::~raw_client() {
  close();
}

raw_client& raw_client::send(std::string_view bytes) {
  auto deadline = clock::now() + patience;
  while (!bytes.empty()) {
    auto size = send_some(bytes);
    bytes.remove_prefix(size);
    if (size != 0)
      continue;
    pollfd waited{socket_, POLLOUT, 0};
    if (poll(&waited, 1, milliseconds_until(deadline)) == 0)
      fail("the server does not read");
  }
  return *this;
}

std::size_t raw_client::send_some(std::string_view bytes) {
  auto size = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (size >= 0)
    return static_cast<std::size_t>(size);
  if (errno != EAGAIN && errno != EINTR)
    fail_with_errno("send");
  return 0;
}

raw_client& raw_client::half_close() {
  shutdown(socket_, SHUT_WR);
  return *this;
}

std::string raw_client::line() {
  auto deadline = clock::now() + patience;
  auto end = std::string::npos;
  while ((end = input().find('\n')) == std::string::npos)
    receive_more(deadline);
  return take(end + 1);
}

response raw_client::answer() {
  return read_answer(true);
}

response raw_client::answer_to_head() {
  return read_answer(false);
}

response raw_client::read_answer(bool has_body) {
  auto deadline = clock::now() + patience;
  auto end = std::string::npos;
  while ((end = input().find("\r\n\r\n")) == std::string::npos)
    receive_more(deadline);
  auto head = take(end + 4);
  constexpr std::string_view version = "HTTP/1.1 ";
  if (!head.starts_with(version))
    fail("not an answer of HTTP/1.1: " + head);
  response result;
  result.status = std::stoi(head.substr(version.size(), 3));
  for (auto from = head.find("\r\n") + 2; from < head.size() - 2;) {
    auto line_end = head.find("\r\n", from);
    auto colon = head.find(": ", from);
    if (colon > line_end)
      fail("not a header: " + head.substr(from, line_end - from));
    auto name = head.substr(from, colon - from);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (!result.headers.emplace(name, head.substr(colon + 2, line_end - colon - 2)).second)
      fail("a header comes twice: " + name);
    from = line_end + 2;
  }
  auto size = result["content-length"];
  if (size.empty())
    fail("an answer without length: " + head);
  while (has_body && input().size() < std::stoul(size))
    receive_more(deadline);
  if (has_body)
    result.body = take(std::stoul(size));
  return result;
}

std::string raw_client::rest() {
  auto deadline = clock::now() + patience;
  for (;;) {
    switch (receive(deadline)) {
      case event::input:
        break;
      case event::end:
        return take(input().size());
      case event::broken:
        fail("the server has reset the connection after: " + take(input().size()));
      case event::none:
        fail("the server does not close the connection after: " + take(input().size()));
    }
  }
}

bool raw_client::closes(std::chrono::milliseconds limit) {
  if (!input().empty())
    return false;
  auto what = receive(clock::now() + limit);
  return what == event::end || what == event::broken;
}

bool raw_client::ends(std::chrono::milliseconds limit) {
  auto deadline = clock::now() + limit;
  event what;
  while ((what = receive(deadline)) == event::input)
    continue;
  return what != event::none;
}

bool raw_client::silent() {
  return input().empty() && receive(clock::now()) == event::none;
}

void raw_client::close() {
  if (socket_ >= 0)
    ::close(std::exchange(socket_, -1));
}

void raw_client::reset() {
  linger at_once{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close();
}

raw_client::event raw_client::receive(clock::time_point deadline) {
  pollfd waited{socket_, POLLIN, 0};
  if (poll(&waited, 1, milliseconds_until(deadline)) == 0)
    return event::none;
  std::array<char, 16 * 1024> buffer;
  auto size = recv(socket_, buffer.data(), buffer.size(), 0);
  if (size < 0)
    return event::broken;
  received_.erase(0, std::exchange(read_, 0));
  received_.append(buffer.data(), static_cast<std::size_t>(size));
  return size == 0 ? event::end : event::input;
}

void raw_client::receive_more(clock::time_point deadline) {
  switch (receive(deadline)) {
    case event::input:
      return;
    case event::end:
      fail("the server has closed the connection after: " + take(input().size()));
    case event::broken:
      fail("the server has reset the connection after: " + take(input().size()));
    case event::none:
      fail("no answer in time; so far: " + take(input().size()));
  }
}

std::string_view raw_client::input() const noexcept {
  return std::string_view{received_}.substr(read_);
}

std::string raw_client::take(std::size_t size) {
  std::string result{input().substr(0, size)};
  read_ += size;
  return result;
}

} // namespace test
