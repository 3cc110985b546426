// A user's program, built against the installed library and its headers alone.
#include <lockserver/lines_client.hpp>
#include <lockserver/rest_client.hpp>
#include <lockserver/scoped_lock.hpp>
#include <lockserver/server.hpp>
#include <lockserver/settings.hpp>

#include <iostream>

namespace {

bool ok = true;

void expect(bool condition, const char* sentence) {
  std::cout << (condition ? "ok: " : "FAILED: ") << sentence << '\n';
  ok = ok && condition;
}

} // namespace

int main() {
  lockserver::settings config;
  config.port = 0;
  lockserver::server server{config};
  if (auto error = server.start()) {
    std::cout << "FAILED: the server starts: " << error.message() << '\n';
    return 1;
  }
  auto client = server.client("user");
  expect(client.ping().has_value(), "the server answers");
  auto obtained = client.acquire("key");
  expect(obtained.has_value(), "a lock is granted");
  expect(client.inspect("key")->holders.size() == 1, "and held");
  expect(client.release("key", obtained->token).has_value(), "and given back");
  lockserver::lines_client lines{"user", "127.0.0.1", server.port()};
  expect(lines.lock("key") && lines.unlock("key"), "by lines, too");
  {
    lockserver::scoped_lock guard{client, "key"};
    expect(guard.held(), "a guard takes the lock");
  }
  expect(!lines.is_locked("key"), "and gives it back");
  server.stop();
  expect(!client.ping(), "a stopped server does not answer");
  return ok ? 0 : 1;
}
