// Parks many clients on one key: opens COUNT connections, each of which sends a LOCK and
// never reads the answer. Reports when all have sent, and keeps them until its input
// ends.
//
// Usage: bench_park PORT COUNT KEY
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <sys/resource.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

namespace asio = boost::asio;
using asio::ip::tcp;

int main(int argc, char* argv[]) {
  if (argc != 4)
    return 64;
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  asio::io_context context;
  tcp::endpoint server{asio::ip::address_v4::loopback(),
                       static_cast<std::uint16_t>(std::atoi(argv[1]))};
  std::vector<tcp::socket> clients;
  for (int i = 0; i < std::atoi(argv[2]); ++i) {
    auto& client = clients.emplace_back(context);
    client.connect(server);
    asio::write(client,
                asio::buffer("GET /LOCK/" + std::string{argv[3]} + "/parked" + std::to_string(i)
                             + "?lock_attempt_timeout=600 HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  }
  std::cout << "parked" << std::endl;
  std::cin.get();
}
