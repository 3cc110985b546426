// A user's program, built against the installed client and its headers alone.
// There is no server here: only that all of it links, and tells so.
#include <lockserver/async_rest_client.hpp>
#include <lockserver/distributed_mutex.hpp>
#include <lockserver/held_lock.hpp>
#include <lockserver/lines_client.hpp>
#include <lockserver/rest_client.hpp>
#include <lockserver/scoped_lock.hpp>

#include <boost/asio/io_context.hpp>

#include <iostream>
#include <system_error>

namespace {

bool ok = true;

void expect(bool condition, const char* sentence) {
  std::cout << (condition ? "ok: " : "FAILED: ") << sentence << '\n';
  ok = ok && condition;
}

} // namespace

int main() {
  namespace ls = lockserver;
  ls::client_options once;
  once.reconnect_attempts = 1;
  ls::rest_client client{"user", "127.0.0.1", 1, once}; // tcpmux, which nobody has
  expect(!client.ping(), "there is no server");
  expect(client.acquire("key").error() == std::errc::connection_refused, "and so no lock");
  expect(!ls::lines_client("user", "127.0.0.1", 1, once).lock("key"), "nor one by a line");
  expect(!hold(client, "key"), "and none to hold");
  ls::distributed_mutex mutex{client, "key"};
  try {
    mutex.lock();
    expect(false, "a mutex throws");
  } catch (const std::system_error& x) {
    expect(x.code() == std::errc::connection_refused, "a mutex throws");
  }
  boost::asio::io_context io;
  ls::async_rest_client other{io, "user", "127.0.0.1", 1, once};
  boost::system::error_code error;
  other.async_acquire("key", {},
                      [&](boost::system::error_code ec, const ls::client::grant&) { error = ec; });
  io.run();
  expect(error == std::errc::connection_refused, "nor an asynchronous one");
  return ok ? 0 : 1;
}
