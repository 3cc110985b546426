// A network of the tests: forwards TCP connections to a server on this machine,
// and can be silent, slow, or cut.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

namespace test {

class tcp_proxy {
public:
  explicit tcp_proxy(std::uint16_t target);
  ~tcp_proxy();
  tcp_proxy(const tcp_proxy&) = delete;
  tcp_proxy& operator=(const tcp_proxy&) = delete;

  std::uint16_t port() const;

  // Each has effect when it returns.

  /// Forwards no byte from now on, and tells nobody; nor does a new connection
  /// get through. What was sent meanwhile arrives after `heal`, as when TCP
  /// sends it again.
  void go_silent();

  /// The same for the bytes of one direction alone.
  void go_silent_to_server();
  void go_silent_to_client();

  /// Forwards each byte so much later.
  void delay(std::chrono::milliseconds by);

  /// What is connected now is silent forever; new connections are served, as
  /// when a firewall has forgotten its connections.
  void forget_connections();

  /// What is connected now is reset on the server's side, and silent forever on the
  /// client's, as when a proxy's machine dies that had just spoken to the server.
  void reset_server_side();

  /// Closes all connections on both sides, and new ones as they come.
  void cut();

  /// Resets all connections on both sides; new ones are served. What was on its
  /// way is lost.
  void reset();

  /// All is well again.
  void heal();

  /// Open connections.
  int connections() const;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace test
