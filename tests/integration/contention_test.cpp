// Many clients want the same few locks, and some die over it.
#include "tests/support/catch.hpp"
#include "tests/support/running_server.hpp"

#include <boost/asio.hpp>

#include <sys/resource.h>

#include <array>
#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace lockserver;
using namespace std::chrono_literals;
using namespace test;

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr int num_clients = 1'000;
constexpr int num_keys = 10;
constexpr int num_rounds = 20;
constexpr auto num_threads = 2;

// Longer than the test may take: whoever waits for a dead client fails it.
const settings slow{.lock_timeout = 600s, .lock_attempt_timeout = 600s};
constexpr auto whole_test = 60s;

// Each client has two sockets here, its own and the server's.
void allow_many_sockets() {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 8'192);
  setrlimit(RLIMIT_NOFILE, &files);
}

struct scores {
  std::array<std::atomic<int>, num_keys> holder{}; // 0, or a client's number + 1
  std::atomic<int> grants{0};
  std::atomic<int> wrong_answers{0};
  std::atomic<int> second_holders{0};
  std::atomic<int> killed{0};
  std::atomic<int> lost{0}; // connections that broke
};

class contender {
public:
  contender(tcp::endpoint server, int number, scores& all)
    : server_(server), number_(number), all_(all) {
  }

  asio::awaitable<void> operator()() {
    try {
      tcp::socket socket{co_await asio::this_coro::executor};
      co_await socket.async_connect(server_, asio::use_awaitable);
      for (int round = 0; round < num_rounds; ++round)
        if (!co_await contend(socket, round))
          co_return;
    } catch (const std::exception&) {
      ++all_.lost;
    }
  }

private:
  // Takes a lock once and gives it back. Returns whether it has survived.
  asio::awaitable<bool> contend(tcp::socket& socket, int round) {
    auto key = (number_ * 7 + round) % num_keys;
    auto names = std::to_string(key) + "/" + std::to_string(number_);
    // Every tenth dies, in another round each, at once or a little later. Its lock
    // stays until its time if it may have got the answer.
    auto dies = number_ % 10 == 0 && round == number_ / 10 % num_rounds;
    co_await write(socket, get("/LOCK/" + names + (dies ? "?lock_timeout=0.05" : "")));
    if (dies) {
      for (int i = 0; i < number_ % 300; ++i)
        co_await asio::post(socket.get_executor(), asio::use_awaitable);
      if (number_ % 20 == 0)
        socket.set_option(asio::socket_base::linger{true, 0});
      socket.close();
      ++all_.killed;
      co_return false;
    }
    auto answer = co_await read(socket);
    if (!is_expiry(answer))
      ++all_.wrong_answers;
    auto& holder = all_.holder[static_cast<std::size_t>(key)];
    if (holder.exchange(number_ + 1) != 0)
      ++all_.second_holders;
    ++all_.grants;
    co_await asio::post(socket.get_executor(), asio::use_awaitable);
    if (holder.exchange(0) != number_ + 1)
      ++all_.second_holders;
    co_await write(socket, get("/UNLOCK/" + names));
    answer = co_await read(socket);
    if (answer != "1\n")
      ++all_.wrong_answers;
    co_return true;
  }

  static asio::awaitable<void> write(tcp::socket& socket, std::string text) {
    co_await asio::async_write(socket, asio::buffer(text), asio::use_awaitable);
  }

  // The body of an answer: what follows the empty line up to the next line end.
  asio::awaitable<std::string> read(tcp::socket& socket) {
    auto buffer = asio::dynamic_buffer(input_);
    auto head = co_await asio::async_read_until(socket, buffer, "\r\n\r\n", asio::use_awaitable);
    input_.erase(0, head);
    auto size = co_await asio::async_read_until(socket, buffer, "\n", asio::use_awaitable);
    auto result = input_.substr(0, size);
    input_.erase(0, size);
    co_return result;
  }

  tcp::endpoint server_;
  int number_;
  scores& all_;
  std::string input_;
};

} // namespace

TEST_CASE("of 1,000 clients that contend for 10 keys one has each, also when some die",
          "[net][slow]") {
  allow_many_sockets();
  auto config = slow;
  config.threads = GENERATE(1u, 2u);
  running_server server{config};
  scores all;
  asio::io_context context;
  std::vector<contender> clients;
  for (int i = 0; i < num_clients; ++i)
    clients.emplace_back(tcp::endpoint{asio::ip::address_v4::loopback(), server->port()}, i, all);
  for (auto& x : clients)
    asio::co_spawn(context, x(), asio::detached);
  auto start = clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < num_threads; ++i)
    threads.emplace_back([&] { context.run_until(start + whole_test); });
  for (auto& x : threads)
    x.join();
  CHECK(clock::now() - start < whole_test);
  CHECK(all.second_holders == 0);
  CHECK(all.wrong_answers == 0);
  CHECK(all.lost == 0);
  CHECK(all.killed == num_clients / 10);
  // A client that dies in round n has had n grants, and each n is as frequent.
  CHECK(all.grants == num_clients / 10 * 9 * num_rounds + num_clients / 10 * (num_rounds - 1) / 2);
  CHECK(server.gets_waiters(0));
  CHECK(server.gets_holders(0));
  CHECK(server.gets_connections(0));
  CHECK(eventually([&] { return server->count().keys == 0; }));
}

TEST_CASE("among 1,000 waiters for 10 keys each gets its lock in its turn", "[net][slow]") {
  allow_many_sockets();
  auto config = slow;
  config.threads = GENERATE(1u, 2u);
  running_server server{config};
  auto holder = server.connect();
  for (int key = 0; key < num_keys; ++key)
    REQUIRE(is_expiry(holder.send(get("/LOCK/" + std::to_string(key) + "/holder")).answer().body));
  // Each gives its lock back as soon as it has it, so the line moves by itself.
  std::vector<raw_client> clients;
  for (int i = 0; i < num_clients; ++i) {
    auto names = std::to_string(i % num_keys) + "/" + std::to_string(i);
    clients.push_back(server.connect());
    clients.back().send(get("/LOCK/" + names) + get("/UNLOCK/" + names));
    if (server->count().waiters != clients.size())
      REQUIRE(server.gets_waiters(clients.size()));
  }
  // Every fifth leaves the line: nobody may be passed over for it.
  for (std::size_t i = 0; i < clients.size(); i += 5)
    clients[i].close();
  REQUIRE(server.gets_waiters(clients.size() / 5 * 4));
  for (int key = 0; key < num_keys; ++key)
    REQUIRE(holder.send(get("/UNLOCK/" + std::to_string(key) + "/holder")).answer().body == "1\n");
  // All locks last equally long, so the ends are in the order of the grants.
  std::array<double, num_keys> last{};
  auto in_order = 0u;
  for (std::size_t i = 0; i < clients.size(); ++i) {
    if (i % 5 == 0)
      continue;
    auto ends = std::stod(clients[i].answer().body);
    REQUIRE(clients[i].answer().body == "1\n");
    in_order += ends >= last[i % num_keys] ? 1 : 0;
    last[i % num_keys] = ends;
  }
  CHECK(in_order == clients.size() / 5 * 4);
  CHECK(server.gets_holders(0));
  CHECK(server->count().waiters == 0);
}
