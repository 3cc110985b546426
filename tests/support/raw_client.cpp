#include "tests/support/raw_client.hpp"

#include "tests/support/certificates.hpp"
#include "tests/support/tls_socket.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
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
  : raw_client(port, receive_buffer, no_tls{}) {
  if (over_tls()) {
    tls_client how;
    how.authority = common_authority().path("authority.pem");
    shake_hands(how);
  }
}

raw_client::raw_client(std::uint16_t port, const tls_client& how, int receive_buffer)
  : raw_client(port, receive_buffer, no_tls{}) {
  shake_hands(how);
}

raw_client raw_client::plain(std::uint16_t port, int receive_buffer) {
  return raw_client{port, receive_buffer, no_tls{}};
}

raw_client::raw_client(std::uint16_t port, int receive_buffer, no_tls)
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

raw_client::raw_client() = default;

raw_client::raw_client(raw_client&& other) noexcept
  : socket_(std::exchange(other.socket_, -1)),
    tls_(std::move(other.tls_)),
    received_(std::move(other.received_)),
    read_(std::exchange(other.read_, 0)) {
}

raw_client& raw_client::operator=(raw_client&& other) noexcept {
  close();
  socket_ = std::exchange(other.socket_, -1);
  tls_ = std::move(other.tls_);
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

// Until it is over, or has failed.
void raw_client::shake_hands(const tls_client& how) {
  fcntl(socket_, F_SETFL, fcntl(socket_, F_GETFL) | O_NONBLOCK);
  tls_ = std::make_unique<tls_socket>(socket_, how);
  auto deadline = clock::now() + patience;
  for (;;) {
    auto what = tls_->shake_hands();
    if (what != tls_socket::event::wants_input && what != tls_socket::event::wants_output)
      return;
    pollfd waited{socket_,
                  static_cast<short>(what == tls_socket::event::wants_input ? POLLIN : POLLOUT), 0};
    if (poll(&waited, 1, milliseconds_until(deadline)) == 0)
      fail("the handshake does not end");
  }
}

std::size_t raw_client::send_by_tls(std::string_view bytes) {
  std::size_t size = 0;
  if (tls_->write(bytes, size) == tls_socket::event::broken)
    fail("the server takes nothing: " + tls_->failure());
  return size;
}

std::size_t raw_client::send_some(std::string_view bytes) {
  if (tls_)
    return send_by_tls(bytes);
  auto size = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (size >= 0)
    return static_cast<std::size_t>(size);
  if (errno != EAGAIN && errno != EINTR)
    fail_with_errno("send");
  return 0;
}

void raw_client::send_raw(std::string_view bytes) {
  if (::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0)
    fail_with_errno("send");
}

raw_client& raw_client::half_close() {
  if (tls_)
    tls_->end();
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
  if (tls_ && socket_ >= 0)
    tls_->end();
  cut();
}

void raw_client::cut() {
  tls_.reset();
  if (socket_ >= 0)
    ::close(std::exchange(socket_, -1));
}

void raw_client::reset() {
  linger at_once{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  cut();
}

raw_client::event raw_client::receive_by_tls(clock::time_point deadline) {
  std::array<char, 16 * 1024> buffer;
  for (;;) {
    std::size_t size = 0;
    switch (tls_->read(buffer.data(), buffer.size(), size)) {
      case tls_socket::event::done:
        received_.erase(0, std::exchange(read_, 0));
        received_.append(buffer.data(), size);
        return event::input;
      case tls_socket::event::end:
        return event::end;
      case tls_socket::event::broken:
        return event::broken;
      default:
        break;
    }
    pollfd waited{socket_, POLLIN, 0};
    if (poll(&waited, 1, milliseconds_until(deadline)) == 0)
      return event::none;
  }
}

raw_client::event raw_client::receive(clock::time_point deadline) {
  if (tls_)
    return receive_by_tls(deadline);
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
