#include "tests/support/tcp_proxy.hpp"

#include <boost/asio.hpp>

#include <array>
#include <atomic>
#include <future>
#include <list>
#include <string>
#include <thread>

namespace test {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

// The state of the network, for both directions of all connections. Used on the proxy's
// thread.
struct weather {
  bool to_server = true; // whether bytes get through
  bool to_client = true;
  bool cut = false;
  std::chrono::milliseconds delay{0};
};

struct link : std::enable_shared_from_this<link> {
  link(weather& now, tcp::socket socket, std::atomic<int>& connections)
    : now_(now),
      client(std::move(socket)),
      server(client.get_executor()),
      changed(client.get_executor()),
      connections_(connections) {
    ++connections_;
    changed.expires_at(asio::steady_timer::time_point::max());
  }
  ~link() {
    --connections_;
  }

  void start(std::uint16_t target) {
    asio::co_spawn(
      client.get_executor(),
      [self = shared_from_this(), target]() -> asio::awaitable<void> {
        auto& x = *self;
        while (!x.passes(x.now_.to_server) && !x.closed)
          co_await x.change();
        if (x.closed)
          co_return;
        boost::system::error_code ec;
        co_await x.server.async_connect({asio::ip::address_v4::loopback(), target},
                                        asio::redirect_error(asio::use_awaitable, ec));
        if (ec || x.closed)
          co_return x.close();
        x.client.set_option(tcp::no_delay{true});
        x.server.set_option(tcp::no_delay{true});
        x.forward(x.client, x.server, x.now_.to_server);
        x.forward(x.server, x.client, x.now_.to_client);
      },
      asio::detached);
  }

  void forward(tcp::socket& from, tcp::socket& to, bool& open) {
    asio::co_spawn(
      from.get_executor(),
      [self = shared_from_this(), &from, &to, &open]() -> asio::awaitable<void> {
        auto& x = *self;
        std::array<char, 16384> bytes;
        boost::system::error_code ec;
        while (!x.closed) {
          auto size = co_await from.async_read_some(asio::buffer(bytes),
                                                    asio::redirect_error(asio::use_awaitable, ec));
          // While the network is silent, the end is not forwarded either.
          if (ec && !x.passes(open) && !x.closed)
            while (!x.passes(open) && !x.closed)
              co_await x.change();
          if (ec)
            break;
          if (x.now_.delay.count() > 0) {
            asio::steady_timer timer{from.get_executor(), x.now_.delay};
            co_await timer.async_wait(asio::use_awaitable);
          }
          while (!x.passes(open) && !x.closed)
            co_await x.change();
          if (x.closed)
            break;
          co_await asio::async_write(to, asio::buffer(bytes, size),
                                     asio::redirect_error(asio::use_awaitable, ec));
          if (ec)
            break;
        }
        x.close();
      },
      asio::detached);
  }

  bool passes(bool open) const {
    return open && !forgotten;
  }

  asio::awaitable<void> change() {
    boost::system::error_code ec;
    co_await changed.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  }

  void reset() {
    boost::system::error_code ec;
    for (auto* socket : {&client, &server})
      socket->set_option(tcp::socket::linger{true, 0}, ec);
    close();
  }

  void close() {
    boost::system::error_code ec;
    closed = true;
    client.close(ec);
    server.close(ec);
    changed.cancel();
  }

  weather& now_;
  tcp::socket client;
  tcp::socket server;
  asio::steady_timer changed; // never expires: cancelled after each change
  std::atomic<int>& connections_;
  bool closed = false;
  bool forgotten = false;
};

} // namespace

struct tcp_proxy::impl {
  explicit impl(std::uint16_t target_port)
    : acceptor(context, {asio::ip::address_v4::loopback(), 0}), target(target_port) {
    asio::co_spawn(context, accept(), asio::detached);
    thread = std::thread{[this] { context.run(); }};
  }
  ~impl() {
    // Not `context.stop`, because each coroutine must end by itself.
    change([this] {
      acceptor.close();
      for (auto& x : links)
        if (auto y = x.lock())
          y->close();
    });
    thread.join();
  }

  asio::awaitable<void> accept() {
    boost::system::error_code ec;
    for (;;) {
      auto socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, ec));
      if (ec)
        co_return;
      if (now.cut)
        continue; // the connection is closed here
      auto next = std::make_shared<link>(now, std::move(socket), connections);
      std::erase_if(links, [](auto& x) { return x.expired(); });
      links.push_back(next);
      next->start(target);
    }
  }

  // Calls `f` on the proxy's thread, and then wakes all connections.
  template <class F>
  void change(F f) {
    std::promise<void> done;
    asio::post(context, [&] {
      f();
      for (auto& x : links)
        if (auto y = x.lock())
          y->changed.cancel();
      done.set_value();
    });
    done.get_future().wait();
  }

  asio::io_context context{1};
  tcp::acceptor acceptor;
  const std::uint16_t target;
  std::atomic<int> connections{0};
  weather now;
  std::list<std::weak_ptr<link>> links;
  std::thread thread;
};

tcp_proxy::tcp_proxy(std::uint16_t target) : impl_(std::make_unique<impl>(target)) {
}

tcp_proxy::~tcp_proxy() = default;

std::uint16_t tcp_proxy::port() const {
  return impl_->acceptor.local_endpoint().port();
}

void tcp_proxy::go_silent() {
  impl_->change([&] { impl_->now.to_server = impl_->now.to_client = false; });
}

void tcp_proxy::go_silent_to_server() {
  impl_->change([&] { impl_->now.to_server = false; });
}

void tcp_proxy::go_silent_to_client() {
  impl_->change([&] { impl_->now.to_client = false; });
}

void tcp_proxy::delay(std::chrono::milliseconds by) {
  impl_->change([&] { impl_->now.delay = by; });
}

void tcp_proxy::forget_connections() {
  impl_->change([&] {
    for (auto& x : impl_->links)
      if (auto y = x.lock())
        y->forgotten = true;
  });
}

void tcp_proxy::reset_server_side() {
  impl_->change([&] {
    for (auto& x : impl_->links)
      if (auto y = x.lock()) {
        y->forgotten = true;
        boost::system::error_code ec;
        y->server.set_option(asio::socket_base::linger{true, 0}, ec);
        y->server.close(ec);
      }
  });
}

void tcp_proxy::cut() {
  impl_->change([&] {
    impl_->now.cut = true;
    for (auto& x : impl_->links)
      if (auto y = x.lock())
        y->close();
  });
}

void tcp_proxy::reset() {
  impl_->change([&] {
    for (auto& x : impl_->links)
      if (auto y = x.lock())
        y->reset();
  });
}

void tcp_proxy::heal() {
  impl_->change([&] { impl_->now = {}; });
}

int tcp_proxy::connections() const {
  return impl_->connections;
}

} // namespace test
