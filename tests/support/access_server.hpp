// A server with an access file, and clients with tokens.
#pragma once

#include "net/access/token.hpp"
#include "tests/support/running_server.hpp"
#include "tests/support/temporary_directory.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace test {

/// The token of an identity, the same in each call.
inline const std::string& token_of(const std::string& identity) {
  static std::map<std::string, std::string> all;
  auto& result = all[identity];
  if (result.empty())
    result = lockserver::make_token();
  return result;
}

/// For `tokens` in an access file.
inline std::string hash_of_token(const std::string& identity) {
  return '"' + lockserver::to_string(lockserver::hash_of(token_of(identity))) + '"';
}

/// An HTTP/1.1 request of an identity; empty: without credentials.
inline std::string request_of(const std::string& identity, const std::string& method,
                              const std::string& target, const std::string& body = {}) {
  auto result = method + ' ' + target + " HTTP/1.1\r\nHost: localhost\r\n";
  if (!identity.empty())
    result += "Authorization: Bearer " + token_of(identity) + "\r\n";
  if (!body.empty())
    result += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size())
              + "\r\n";
  return result + "\r\n" + body;
}

class access_server {
public:
  explicit access_server(const std::string& rules, lockserver::settings config = {})
    : server_(with_access(rules, std::move(config))) {
  }

  running_server& operator*() noexcept {
    return server_;
  }
  lockserver::server* operator->() noexcept {
    return server_.operator->();
  }

  raw_client connect() const {
    return server_.connect();
  }

  /// The answer to one request, on a new connection.
  response ask(const std::string& identity, const std::string& method, const std::string& target,
               const std::string& body = {}) const {
    return connect().send(request_of(identity, method, target, body)).answer();
  }

  /// Changes the file, and has the server read it.
  void change(const std::string& rules) {
    write(rules);
    server_->reload();
  }

  std::string file(const std::string& name) const {
    return folder_.file(name);
  }

private:
  void write(const std::string& rules) const {
    auto next = file("next.json");
    std::ofstream{next} << rules;
    std::filesystem::permissions(next, std::filesystem::perms::owner_read
                                         | std::filesystem::perms::owner_write);
    std::filesystem::rename(next, file("access.json"));
  }

  lockserver::settings with_access(const std::string& rules, lockserver::settings config) const {
    write(rules);
    config.access = file("access.json");
    if (config.audit_log == "yes")
      config.audit_log = file("audit.log");
    config.tls_reload = std::chrono::seconds{0};
    return config;
  }

  lockserver::test::temporary_directory folder_;
  running_server server_;
};

} // namespace test
