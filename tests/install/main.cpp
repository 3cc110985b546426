// A user's program, built against the installed library and its headers alone.
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
  expect(client.ping(), "the server answers");
  expect(static_cast<bool>(client.lock("key")), "a lock is granted");
  expect(client.locked_by_me("key"), "and held");
  expect(client.unlock("key"), "and given back");
  {
    lockserver::scoped_lock guard{client, "key"};
    expect(guard.owns_lock(), "a guard takes the lock");
  }
  expect(!client.is_locked("key"), "and gives it back");
  server.stop();
  expect(!client.ping(), "a stopped server does not answer");
  return ok ? 0 : 1;
}
