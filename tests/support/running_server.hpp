// A server for a test, on a free port of this machine.
#pragma once

#include "lockserver/server.hpp"
#include "tests/support/answers.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/raw_client.hpp"

#include <spdlog/logger.h>

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace test {

class running_server {
public:
  explicit running_server(lockserver::settings config = {},
                          std::shared_ptr<spdlog::logger> log = nullptr)
    : server_(on_free_port(std::move(config)), std::move(log)) {
    if (auto ec = server_.start())
      throw std::runtime_error{ec.message()};
  }

  static lockserver::settings on_free_port(lockserver::settings config) {
    config.port = 0;
    if (over_tls() && config.tls_certificate.empty())
      config = with_tls(common_authority(), std::move(config));
    return config;
  }

  lockserver::server* operator->() noexcept {
    return &server_;
  }

  std::uint16_t port() const noexcept {
    return server_.port();
  }

  raw_client connect() const {
    return raw_client{server_.port()};
  }

  /// The answer to one request, on a new connection.
  response request(std::string_view target) const {
    return connect().send(get(target, "Connection: close\r\n")).answer();
  }
  std::string ask(std::string_view target) const {
    return request(target).body;
  }

  // Each waits until the server has this number, and returns whether it did.
  bool gets_waiters(std::size_t count) const {
    return eventually([&] { return server_.count().waiters == count; });
  }
  bool gets_connections(std::size_t count) const {
    return eventually([&] { return server_.count().connections == count; });
  }
  bool gets_holders(std::size_t count) const {
    return eventually([&] { return server_.count().holders == count; });
  }

private:
  lockserver::server server_;
};

} // namespace test
