// The peer of a client's connection. It does what a test tells it to do, even what no
// server should do.
#pragma once

#include <boost/asio.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace test {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

// What the peer does after it has read a request.
struct step {
  enum { answer, hang_up, say_nothing } what;
  std::string bytes;
};

inline step ok(const std::string& line) {
  return {step::answer, "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(line.size() + 1)
                          + "\r\n\r\n" + line + "\n"};
}

inline step status(const std::string& code, const std::string& headers = "") {
  return {step::answer, "HTTP/1.1 " + code + "\r\n" + headers + "Content-Length: 2\r\n\r\n0\n"};
}

inline const step hang_up{step::hang_up, ""};
inline const step say_nothing{step::say_nothing, ""};

// Handles its n-th connection by its n-th script: one step for each request. Then it
// closes the connection. After the last script, it accepts and closes all others at once.
class scripted_peer {
public:
  using script = std::vector<step>;

  explicit scripted_peer(std::vector<script> scripts, const char* address = "127.0.0.1")
    : acceptor_(context_, {asio::ip::make_address(address), 0}) {
    asio::co_spawn(context_, accept(std::move(scripts)), asio::detached);
    thread_ = std::thread{[this] { context_.run(); }};
  }

  ~scripted_peer() {
    context_.stop();
    thread_.join();
  }

  std::uint16_t port() const {
    return acceptor_.local_endpoint().port();
  }

  // The first lines of all requests, without the HTTP version.
  std::vector<std::string> requests() const {
    auto result = heads();
    for (auto& x : result)
      x.resize(x.find(" HTTP/1.1"));
    return result;
  }

  // The heads of all requests, in the same order.
  std::vector<std::string> heads() const {
    std::lock_guard guard{mutex_};
    return heads_;
  }

  // The bodies of all requests, in the same order.
  std::vector<std::string> bodies() const {
    std::lock_guard guard{mutex_};
    return bodies_;
  }

  int connections() const {
    return accepted_;
  }

  int closed() const {
    return closed_;
  }

private:
  asio::awaitable<void> accept(std::vector<script> scripts) {
    for (std::size_t i = 0;; ++i) {
      auto socket = co_await acceptor_.async_accept(asio::use_awaitable);
      ++accepted_;
      asio::co_spawn(context_, play(std::move(socket), i < scripts.size() ? scripts[i] : script{}),
                     asio::detached);
    }
  }

  asio::awaitable<void> play(tcp::socket socket, script steps) {
    boost::system::error_code ec;
    std::string buffer;
    for (auto& x : steps) {
      auto size = co_await asio::async_read_until(socket, asio::dynamic_buffer(buffer), "\r\n\r\n",
                                                  asio::redirect_error(asio::use_awaitable, ec));
      if (ec)
        break;
      auto head = buffer.substr(0, size);
      buffer.erase(0, size);
      auto length = body_length(head);
      if (length > buffer.size())
        co_await asio::async_read(socket, asio::dynamic_buffer(buffer),
                                  asio::transfer_exactly(length - buffer.size()),
                                  asio::redirect_error(asio::use_awaitable, ec));
      if (ec)
        break;
      note(std::move(head), buffer.substr(0, length));
      buffer.erase(0, length);
      if (x.what == step::hang_up)
        break;
      if (x.what == step::answer)
        co_await asio::async_write(socket, asio::buffer(x.bytes),
                                   asio::redirect_error(asio::use_awaitable, ec));
      else // returns when the client has given up
        co_await asio::async_read_until(socket, asio::dynamic_buffer(buffer), "\r\n\r\n",
                                        asio::redirect_error(asio::use_awaitable, ec));
    }
    socket.close(ec);
    ++closed_;
  }

  static std::size_t body_length(const std::string& head) {
    const std::string name = "\r\nContent-Length: ";
    auto i = head.find(name);
    return i == std::string::npos ? 0 : std::stoul(head.substr(i + name.size()));
  }

  void note(std::string head, std::string body) {
    std::lock_guard guard{mutex_};
    heads_.push_back(std::move(head));
    bodies_.push_back(std::move(body));
  }

  asio::io_context context_{1};
  tcp::acceptor acceptor_;
  std::atomic<int> accepted_ = 0;
  std::atomic<int> closed_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> heads_;
  std::vector<std::string> bodies_;
  std::thread thread_;
};

} // namespace test
