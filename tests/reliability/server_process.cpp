#include "tests/reliability/server_process.hpp"

#include "lockserver/rest_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <utility>

namespace reliability {

namespace {

using std::chrono::steady_clock;

bool is_free(std::uint16_t port) {
  auto socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto result = ::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return result;
}

} // namespace

std::uint16_t quiet_port(std::uint64_t seed) {
  for (std::uint64_t i = 0; i < 10'000; ++i)
    if (auto port = static_cast<std::uint16_t>(10'000 + (seed + i * 7) % 20'000); is_free(port))
      return port;
  throw std::runtime_error{"no port is free"};
}

server_process::server_process(std::vector<std::string> command, std::uint16_t port,
                               std::string log)
  : command_(std::move(command)), port_(port), log_(std::move(log)) {
  command_.insert(command_.end(), {"--port", std::to_string(port_)});
}

void server_process::start() {
  lives_.push_back({steady_clock::now(), never});
  process_ = child{command_, log_};
}

void server_process::await() {
  lockserver::client_options options;
  options.reconnect_attempts = 1;
  options.ping_timeout = std::chrono::seconds{2};
  lockserver::rest_client client{"torture", "127.0.0.1", port_, options};
  auto deadline = steady_clock::now() + std::chrono::seconds{60};
  while (!client.ping()) {
    check_alive();
    if (steady_clock::now() > deadline)
      throw std::runtime_error{"the server does not serve; see " + log_};
    if (end_requested_within(std::chrono::milliseconds{2}))
      throw std::runtime_error{"interrupted"};
  }
}

void server_process::kill() {
  check_alive();
  lives_.back().ended = steady_clock::now();
  process_.kill();
}

void server_process::stop() const {
  process_.signal(SIGSTOP);
}

void server_process::go_on() const {
  process_.signal(SIGCONT);
}

void server_process::check_alive() {
  if (process_.has_ended())
    throw std::runtime_error{"the server has ended by itself, status "
                             + std::to_string(process_.status()) + "; see " + log_};
}

} // namespace reliability
