// Measures the time from an UNLOCK until the next waiter has its answer, compared with
// the round trip of a bare TCP ping-pong on the same machine.
//
// Usage: bench_hand_over PORT COUNT WAITERS SERVER_CPU
// One client holds a key, and WAITERS more wait in the queue. COUNT times, at a fixed
// rate, the holder releases the key and joins the end of the queue. The time counts from
// the moment when the UNLOCK was due, so that a late start is included.
// Prints, in microseconds: what, p50, p99, p99.9.
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using asio::ip::tcp;
using clock_type = std::chrono::steady_clock;

namespace {

// The interval between exchanges. It is so long that neither side has a backlog.
constexpr auto interval = std::chrono::microseconds{400};

// Sleeping is too coarse here.
void wait_until(clock_type::time_point due) {
  while (clock_type::now() < due)
    std::this_thread::yield();
}

void print(const char* what, std::vector<double> times) {
  std::sort(times.begin(), times.end());
  auto at = [&](double share) {
    return times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
  };
  std::printf("%-12s %8.1f %8.1f %8.1f\n", what, at(0.5), at(0.99), at(0.999));
}

double micros_since(clock_type::time_point start) {
  return std::chrono::duration<double, std::micro>{clock_type::now() - start}.count();
}

class client {
public:
  client(asio::io_context& context, std::uint16_t port, std::string name)
    : socket_(context), name_(std::move(name)) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
    socket_.set_option(tcp::no_delay{true});
  }

  void send(const std::string& verb, const std::string& query = {}) {
    asio::write(socket_, asio::buffer("GET /" + verb + "/hand-over/" + name_ + query
                                      + " HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  }

  // Returns the line of the next answer.
  std::string receive() {
    auto head = asio::read_until(socket_, asio::dynamic_buffer(received_), "\r\n\r\n");
    received_.erase(0, head);
    auto end = asio::read_until(socket_, asio::dynamic_buffer(received_), '\n');
    auto line = received_.substr(0, end);
    received_.erase(0, end);
    return line;
  }

private:
  tcp::socket socket_;
  std::string name_;
  std::string received_;
};

// The peer of the ping-pong runs where the server does.
std::vector<double> ping_pong(int count, int cpu) {
  asio::io_context context;
  tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
  std::thread echo{[&] {
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(static_cast<unsigned>(cpu), &cpus);
    pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
    auto socket = acceptor.accept();
    socket.set_option(tcp::no_delay{true});
    char c = 0;
    boost::system::error_code ec;
    while (socket.read_some(asio::buffer(&c, 1), ec) == 1)
      socket.write_some(asio::buffer(&c, 1));
  }};
  std::vector<double> result;
  {
    tcp::socket socket{context};
    socket.connect(acceptor.local_endpoint());
    socket.set_option(tcp::no_delay{true});
    auto due = clock_type::now();
    for (int i = 0; i < count; ++i) {
      wait_until(due += interval);
      char c = 'x';
      socket.write_some(asio::buffer(&c, 1));
      socket.read_some(asio::buffer(&c, 1));
      result.push_back(micros_since(due));
    }
  }
  echo.join();
  return result;
}

std::vector<double> hand_over(std::uint16_t port, int count, int waiters) {
  const std::string times = "?lock_timeout=600&lock_attempt_timeout=600";
  asio::io_context context;
  // In the order of the queue; the first holds the key.
  std::deque<client> clients;
  std::deque<client*> line;
  for (int i = 0; i <= waiters; ++i) {
    auto& next = clients.emplace_back(context, port, "client" + std::to_string(i));
    next.send("LOCK", times);
    line.push_back(&next);
    if (i == 0)
      next.receive();
  }
  std::vector<double> result;
  auto due = clock_type::now() + std::chrono::seconds{1}; // all are in the queue by then
  for (int i = 0; i < count; ++i) {
    wait_until(due += interval);
    auto* holder = line.front();
    line.pop_front();
    holder->send("UNLOCK");
    line.front()->receive();
    result.push_back(micros_since(due));
    holder->receive();
    holder->send("LOCK", times);
    line.push_back(holder);
  }
  return result;
}

} // namespace

int main(int argc, char* argv[]) {
  if (argc != 5)
    return 64;
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  auto count = std::atoi(argv[2]);
  print("ping-pong", ping_pong(count, std::atoi(argv[4])));
  print("hand-over",
        hand_over(static_cast<std::uint16_t>(std::atoi(argv[1])), count, std::atoi(argv[3])));
}
