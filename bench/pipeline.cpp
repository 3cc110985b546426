// Fills a server quickly: sends many requests over one connection, a window of them ahead
// of the answers, and ends when all are answered.
//
// Usage: bench_pipeline PORT COUNT PATH [PATH…]
// For each number n below COUNT it sends each PATH, with {} replaced by n.
// Prints how many answers were not `0`.
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace asio = boost::asio;
using asio::ip::tcp;

int main(int argc, char* argv[]) {
  if (argc < 4)
    return 64;
  constexpr long window = 256;
  auto count = std::atol(argv[2]);
  std::vector<std::string> paths{argv + 3, argv + argc};
  asio::io_context context;
  tcp::socket socket{context};
  socket.connect(
    {asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(std::atoi(argv[1]))});

  std::string received;
  long answered = 0;
  long refused = 0;
  // Each answer has a blank line and then one line.
  auto take_answers = [&] {
    std::vector<char> buffer(64 * 1024);
    received.append(buffer.data(), socket.read_some(asio::buffer(buffer)));
    std::size_t from = 0;
    for (;;) {
      auto body = received.find("\r\n\r\n", from);
      auto end = body == std::string::npos ? body : received.find('\n', body + 4);
      if (end == std::string::npos)
        break;
      refused += std::string_view{received}.substr(body + 4, end - body - 4) == "0";
      ++answered;
      from = end + 1;
    }
    received.erase(0, from);
  };

  auto total = count * static_cast<long>(paths.size());
  long sent = 0;
  while (answered < total) {
    std::string batch;
    for (; sent < total && sent - answered < window; ++sent) {
      auto path = paths[static_cast<std::size_t>(sent) % paths.size()];
      if (auto gap = path.find("{}"); gap != std::string::npos)
        path.replace(gap, 2, std::to_string(sent / static_cast<long>(paths.size())));
      batch += "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    }
    if (!batch.empty())
      asio::write(socket, asio::buffer(batch));
    take_answers();
  }
  std::cout << total - refused << '\n';
}
