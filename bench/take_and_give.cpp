// Takes and gives back locks over many connections, and measures how long the answers
// take. Each connection has its own keys and one request at a time.
//
// Usage: bench_take_and_give PROTOCOL PORT CONNECTIONS SECONDS [LEASE]
// PROTOCOL: lines or json (of lockserver-caf), redis (SET NX PX and a
// compare-and-delete), etcd (its lock API over HTTP, with a LEASE). Prints requests,
// seconds, and the answers' p50 and p99 in µs. Exits with status 1 if an answer is not
// that of a free key or of its holder.
#include "bench/lock_protocols.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;

// The approximate number of keys of all connections together.
constexpr int keys = 1000;

[[noreturn]] void fail(const char* what) {
  throw std::system_error{errno, std::generic_category(), what};
}

struct connection {
  int socket = -1;
  int number = 0;
  int round = 0;
  bool gives = false; // the request under way gives the lock back
  std::string key{};
  std::string received{};
  clock_type::time_point sent{};
};

int connect_to(int port) {
  auto result = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(result, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    fail("connect");
  int on = 1;
  setsockopt(result, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return result;
}

class load {
public:
  load(std::unique_ptr<bench::lock_protocol> protocol, int port, int connections)
    : protocol_(std::move(protocol)), connections_(static_cast<std::size_t>(connections)) {
    for (auto& x : connections_) {
      x.socket = connect_to(port);
      x.number = static_cast<int>(&x - connections_.data());
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.ptr = &x;
      epoll_ctl(epoll_, EPOLL_CTL_ADD, x.socket, &event);
    }
  }

  void run(std::chrono::duration<double> time) {
    begin_ = clock_type::now();
    end_ = begin_ + std::chrono::duration_cast<clock_type::duration>(time);
    for (auto& x : connections_)
      send_next(x);
    std::array<epoll_event, 256> events{};
    while (busy_ > 0) {
      auto count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 10'000);
      if (count <= 0)
        fail("no answer for ten seconds");
      for (int i = 0; i < count; ++i)
        on_input(*static_cast<connection*>(events[static_cast<std::size_t>(i)].data.ptr));
    }
  }

  void print() {
    std::chrono::duration<double> time = last_ - begin_;
    std::sort(latencies_.begin(), latencies_.end());
    std::printf("%zu %.3f %.0f %.0f\n", latencies_.size(), time.count(), at(0.5), at(0.99));
  }

private:
  double at(double share) const {
    auto last = static_cast<double>(latencies_.size() - 1);
    return static_cast<double>(latencies_[static_cast<std::size_t>(share * last)]) / 1000.0;
  }

  // Takes a lock, gives it back, then takes the next key. It gives back every lock that
  // it took.
  void send_next(connection& x) {
    auto& request = x.gives ? protocol_->give(x.key) : protocol_->take(x.key = next_key(x));
    x.sent = clock_type::now();
    if (::send(x.socket, request.data(), request.size(), MSG_NOSIGNAL)
        != static_cast<ssize_t>(request.size()))
      fail("send");
    ++busy_;
  }

  std::string next_key(connection& x) const {
    auto each = std::max(1, keys / static_cast<int>(connections_.size()));
    return "key" + std::to_string(x.number * each + x.round++ % each);
  }

  void on_input(connection& x) {
    std::array<char, 4096> buffer;
    auto size = ::recv(x.socket, buffer.data(), buffer.size(), 0);
    if (size <= 0)
      fail("recv");
    x.received.append(buffer.data(), static_cast<std::size_t>(size));
    if (!protocol_->is_complete(x.received))
      return;
    last_ = clock_type::now();
    latencies_.push_back((last_ - x.sent).count());
    if (!protocol_->is_good(x.received, x.gives)) {
      std::cerr << "unexpected answer: " << x.received << '\n';
      std::exit(1);
    }
    x.received.clear();
    --busy_;
    x.gives = !x.gives;
    if (x.gives || last_ < end_)
      send_next(x);
  }

  std::unique_ptr<bench::lock_protocol> protocol_;
  int epoll_ = epoll_create1(0);
  std::vector<connection> connections_;
  std::vector<std::int64_t> latencies_;
  clock_type::time_point begin_, end_, last_;
  int busy_ = 0;
};

} // namespace

int main(int argc, char* argv[]) try {
  if (argc < 5)
    return 64;
  auto protocol = bench::make_protocol(argv[1], argc > 5 ? argv[5] : "");
  if (protocol == nullptr)
    return 64;
  load it{std::move(protocol), std::atoi(argv[2]), std::atoi(argv[3])};
  it.run(std::chrono::duration<double>{std::atof(argv[4])});
  it.print();
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
