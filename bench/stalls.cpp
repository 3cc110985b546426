// Measures how a crowd delays one client. The client takes a lock and gives it back every
// 2 ms, while many locks end, change hands or are listed, all at one instant.
//
// Usage: bench_stalls PORT CASE COUNT
// The time of a trip counts from the moment when it was due, and no trip waits for the
// previous one. So a stall counts for all trips that were due in it. Prints the case, the
// number of trips, p50, p99, p99.9 and the worst in milliseconds, and the number of
// failed trips.
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using asio::ip::tcp;
using clock_type = std::chrono::steady_clock;
using namespace std::chrono_literals;

namespace {

constexpr auto trip_interval = 2ms;

// The time limit of a case.
constexpr auto longest_case = 90s;

// Requests sent before their answers are read.
constexpr int pipeline_depth = 200;

struct answer {
  int status = 0;
  std::string body;
};

std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

std::string with_body(const std::string& method, const std::string& target,
                      const std::string& body) {
  return method + " " + target
         + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
         + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// Shared by all clients, so that each client needs only one file descriptor.
asio::io_context context;

class client {
public:
  explicit client(std::uint16_t port) : socket_(context) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
    socket_.set_option(tcp::no_delay{true});
  }

  void send(const std::string& requests) {
    asio::write(socket_, asio::buffer(requests));
  }

  answer receive() {
    auto head_size = asio::read_until(socket_, asio::dynamic_buffer(received_), "\r\n\r\n");
    answer result;
    result.status = std::atoi(received_.c_str() + 9);
    auto length = received_.find("Content-Length: ");
    auto size = length < head_size ? std::strtoul(received_.c_str() + length + 16, nullptr, 10) : 0;
    if (received_.size() < head_size + size)
      asio::read(socket_, asio::dynamic_buffer(received_),
                 asio::transfer_exactly(head_size + size - received_.size()));
    result.body = received_.substr(head_size, size);
    received_.erase(0, head_size + size);
    return result;
  }

  answer ask(const std::string& request) {
    send(request);
    return receive();
  }

private:
  tcp::socket socket_;
  std::string received_;
};

// Sends `count` requests, some at a time. Fails if one is refused.
void ask_many(client& from, int count, const std::function<std::string(int)>& request) {
  for (int done = 0; done < count;) {
    auto now = std::min(pipeline_depth, count - done);
    std::string all;
    for (int i = 0; i < now; ++i)
      all += request(done + i);
    from.send(all);
    for (int i = 0; i < now; ++i)
      if (auto got = from.receive(); got.status != 200 || got.body == "0\n") {
        std::fprintf(stderr, "refused: %d %s\n", got.status, got.body.c_str());
        std::exit(1);
      }
    done += now;
  }
}

// Reads a text or a number from a JSON object of known form.
std::string member(const std::string& json, const std::string& name) {
  auto at = json.find("\"" + name + "\":");
  if (at == std::string::npos)
    return {};
  at += name.size() + 3;
  if (json[at] == '"')
    return json.substr(at + 1, json.find('"', at + 1) - at - 1);
  return json.substr(at, json.find_first_of(",}", at) - at);
}

// Gives the calling thread priority over the crowd on the processor that they share,
// because the server is what is measured. Without the permission for it, the figures are
// somewhat worse.
void come_first() {
  sched_param first{};
  first.sched_priority = 1;
  pthread_setschedparam(pthread_self(), SCHED_FIFO, &first);
}

// Takes a lock and gives it back, again and again. Several connections take turns, each
// on a thread of its own, so that a slow trip does not delay the next ones.
class probe {
public:
  explicit probe(std::uint16_t port) {
    auto begin = clock_type::now();
    for (int i = 0; i < connections; ++i)
      threads_.emplace_back([this, port, i, begin] { run(port, i, begin + i * trip_interval); });
  }

  void stop_and_print(const char* name) {
    stop_ = true;
    for (auto& x : threads_)
      x.join();
    std::sort(times_.begin(), times_.end());
    auto at = [&](double share) {
      return times_[static_cast<std::size_t>(share * static_cast<double>(times_.size() - 1))];
    };
    std::printf("%-16s %8zu %9.2f %9.2f %9.2f %9.2f %8d\n", name, times_.size(), at(0.5), at(0.99),
                at(0.999), times_.back(), errors_);
  }

private:
  static constexpr int connections = 50;

  void run(std::uint16_t port, int number, clock_type::time_point due) {
    come_first();
    client own{port};
    auto key = "/probe" + std::to_string(number) + "/probe";
    std::vector<double> times;
    int errors = 0;
    for (; !stop_; due += connections * trip_interval) {
      std::this_thread::sleep_until(due);
      auto lock = own.ask(get("/LOCK" + key + "?lock_timeout=60&lock_attempt_timeout=0"));
      auto unlock = own.ask(get("/UNLOCK" + key));
      if (lock.status != 200 || lock.body == "0\n" || unlock.status != 200 || unlock.body == "0\n")
        ++errors;
      times.push_back(std::chrono::duration<double, std::milli>{clock_type::now() - due}.count());
    }
    std::lock_guard guard{mutex_};
    times_.insert(times_.end(), times.begin(), times.end());
    errors_ += errors;
  }

  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::vector<double> times_;
  int errors_ = 0;
  std::vector<std::thread> threads_;
};

// Waits until nobody except the probe holds a lock, and the actors have ended.
void wait_until_free(client& from) {
  for (auto end = clock_type::now() + longest_case; clock_type::now() < end;) {
    auto server = from.ask(get("/v1/server")).body;
    auto counts = server.substr(server.find("\"counts\""));
    if (std::atoi(member(counts, "keys").c_str()) <= 60)
      return;
    std::this_thread::sleep_for(50ms);
  }
  std::fprintf(stderr, "not over in time\n");
}

// Locks that all end at one instant.
void keys_end(std::uint16_t port, int count, const char* name) {
  client filler{port};
  auto end = clock_type::now() + std::chrono::microseconds{std::int64_t{count} * 60} + 5s;
  ask_many(filler, count, [&](int i) {
    auto left = std::chrono::duration<double>{end - clock_type::now()}.count();
    return get("/LOCK/key" + std::to_string(i)
               + "/crowd?lock_attempt_timeout=0&lock_timeout=" + std::to_string(left));
  });
  std::this_thread::sleep_until(end - 500ms);
  probe other{port};
  std::this_thread::sleep_until(end + 10ms);
  wait_until_free(filler);
  other.stop_and_print(name);
}

// Locks of new keys, taken as fast as possible.
void keys_begin(std::uint16_t port, int count, const char* name) {
  client filler{port};
  probe other{port};
  ask_many(filler, count, [&](int i) {
    return get("/LOCK/key" + std::to_string(i) + "/crowd?lock_attempt_timeout=0&lock_timeout=600");
  });
  other.stop_and_print(name);
}

std::string make_lease(client& from, std::chrono::milliseconds ttl) {
  auto made
    = from.ask(with_body("POST", "/v1/leases", "{\"ttl_ms\":" + std::to_string(ttl.count()) + "}"));
  return member(made.body, "lease");
}

void fill_lease(client& from, int count, const std::string& lease) {
  ask_many(from, count, [&](int i) {
    return with_body("POST", "/v1/locks/leased" + std::to_string(i),
                     R"({"owner":"crowd","wait_ms":0,"lease":")" + lease + "\"}");
  });
}

void lease_ends(std::uint16_t port, int count, const char* name, bool by_time) {
  client filler{port};
  auto ttl = std::chrono::milliseconds{count / 10 + 10'000};
  auto lease = make_lease(filler, ttl);
  fill_lease(filler, count, lease);
  auto renewed = std::stoi(member(filler.ask(get("/v1/leases/" + lease)).body, "ttl_ms"));
  auto end = clock_type::now() + std::chrono::milliseconds{by_time ? renewed : 500};
  std::this_thread::sleep_until(end - 400ms);
  probe other{port};
  std::this_thread::sleep_until(end);
  if (!by_time)
    if (auto got = filler.ask(with_body("DELETE", "/v1/leases/" + lease, "")); got.status != 200)
      std::fprintf(stderr, "DELETE: %d %s\n", got.status, got.body.c_str());
  wait_until_free(filler);
  other.stop_and_print(name);
}

// Reads all pages of a list in turn. Returns how many there are.
int read_pages(client& from, const std::string& path) {
  std::string after;
  int pages = 0;
  do {
    auto page = from.ask(get(path + "?limit=1000" + (after.empty() ? "" : "&after=" + after)));
    if (page.status != 200) // this server has no such pages
      page = from.ask(get(path));
    auto next = page.body.rfind("\"next\":");
    after = next == std::string::npos ? "" : member(page.body.substr(next), "next");
    if (after == "null")
      after.clear();
    ++pages;
  } while (!after.empty());
  return pages;
}

// Keys come and go while others are listed.
void lists(std::uint16_t port, int count, const char* name) {
  client filler{port};
  auto lease = make_lease(filler, 1h);
  fill_lease(filler, count, lease);
  std::atomic<bool> stop{false};
  std::vector<std::thread> crowd;
  for (const auto& path : {std::string{"/v1/locks"}, "/v1/leases/" + lease})
    crowd.emplace_back([&stop, port, path] {
      client reader{port};
      while (!stop)
        read_pages(reader, path);
    });
  crowd.emplace_back([&stop, port, count] {
    client churner{port};
    for (int round = 0; !stop; ++round)
      ask_many(churner, std::min(count, 2'000), [&](int i) {
        auto key = "/churn" + std::to_string((round * 1'000 + i / 2) % count) + "/crowd";
        return get(i % 2 == 0 ? "/LOCK" + key + "?lock_attempt_timeout=0" : "/UNLOCK" + key);
      });
  });
  probe other{port};
  std::this_thread::sleep_for(8s);
  stop = true;
  for (auto& x : crowd)
    x.join();
  other.stop_and_print(name);
}

// Shared waiters behind one holder, which releases the key.
void waiters(std::uint16_t port, int count, const char* name) {
  client holder{port};
  holder.ask(get("/LOCK/gate/holder?lock_timeout=600"));
  std::vector<std::unique_ptr<client>> crowd;
  for (int i = 0; i < count; ++i) {
    crowd.push_back(std::make_unique<client>(port));
    crowd.back()->send(with_body("POST", "/v1/locks/gate",
                                 R"({"owner":"w)" + std::to_string(i)
                                   + R"(","wait_ms":600000,"ttl_ms":60000,"mode":"shared"})"));
  }
  auto waiting = [&] {
    auto server = holder.ask(get("/v1/server")).body;
    return std::atoi(member(server, "waiters").c_str());
  };
  for (auto end = clock_type::now() + longest_case; waiting() < count && clock_type::now() < end;)
    std::this_thread::sleep_for(50ms);
  probe other{port};
  std::this_thread::sleep_for(500ms);
  holder.ask(get("/UNLOCK/gate/holder"));
  for (auto& x : crowd)
    if (auto got = x->receive(); got.status != 200)
      std::fprintf(stderr, "waiter: %d %s\n", got.status, got.body.c_str());
  std::this_thread::sleep_for(200ms);
  other.stop_and_print(name);
}

} // namespace

int main(int argc, char* argv[]) {
  if (argc != 4)
    return 64;
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  auto port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  auto count = std::atoi(argv[3]);
  std::string what = argv[2];
  if (what == "keys")
    keys_end(port, count, ("keys-" + std::to_string(count)).c_str());
  else if (what == "keys-begin")
    keys_begin(port, count, "keys-begin");
  else if (what == "lease-expires")
    lease_ends(port, count, "lease-expires", true);
  else if (what == "lease-deleted")
    lease_ends(port, count, "lease-deleted", false);
  else if (what == "lists")
    lists(port, count, "lists");
  else if (what == "waiters")
    waiters(port, count, "waiters");
  else
    return 64;
}
